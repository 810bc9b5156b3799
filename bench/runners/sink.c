/* sink WRITERS LINES [STALL_MS]: read a runner's output on standard input and judge the lines of `work` in it.
 *
 * A runner may put anything before and after a line. The report, JSON on standard output, comes when each writer's last
 * line is there, at the end of the input, or on TERM; afterwards the input is read and thrown away. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 99, MOST = 1000 };

static long long writers, wanted, seen, torn, twice, moved, other, first_ns, last_ns, ended;
static unsigned char *bits[MOST];
static long long next[MOST];
static volatile sig_atomic_t told_to_stop;

static long long now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void on_stop(int number)
{
    (void)number;
    told_to_stop = 1;
}

static void report(const char *why)
{
    static int done;
    if (done++)
        return;
    printf("{\"why\": \"%s\", \"seen\": %lld, \"torn\": %lld, \"lost\": %lld, \"twice\": %lld, \"moved\": %lld, "
           "\"other\": %lld, \"first_ns\": %lld, \"last_ns\": %lld}\n",
           why, seen, torn, writers * wanted - seen, twice, moved, other, first_ns, last_ns);
    fflush(stdout);
}

static void judge(const char *text, size_t size)
{
    const char *at = memmem(text, size, "@@", 2);
    if (!at) {
        if (memmem(text, size, "xxxxxxxx", 8))
            torn++;
        else
            other++;
        return;
    }
    size_t rest = size - (size_t)(at - text);
    if (rest < WIDTH || at[97] != '#' || at[98] != '#' || memmem(at + 2, rest - 2, "@@", 2)) {
        torn++;
        return;
    }
    long long id = 0, number = 0;
    for (int i = 2; i < 5; i++)
        id = id * 10 + (at[i] - '0');
    for (int i = 6; i < 16; i++)
        number = number * 10 + (at[i] - '0');
    if (id < 0 || id >= writers || number < 0 || number >= wanted) {
        torn++;
        return;
    }
    if (bits[id][number / 8] & (1 << number % 8)) {
        twice++;
        return;
    }
    bits[id][number / 8] |= (unsigned char)(1 << number % 8);
    moved += number != next[id];
    next[id] = number + 1;
    seen++;
    ended += number == wanted - 1;
}

int main(int count, char **words)
{
    size_t room = 1 << 20, have = 0;
    char *buffer = malloc(room);
    writers = count > 2 ? atoll(words[1]) : 0;
    wanted = count > 2 ? atoll(words[2]) : 0;
    if (!buffer || writers < 1 || writers > MOST || wanted < 1)
        return 2;
    for (int i = 0; i < writers; i++)
        if (!(bits[i] = calloc(1, (size_t)wanted / 8 + 1)))
            return 3;
    signal(SIGTERM, on_stop);
    if (count > 3)
        usleep((useconds_t)atoi(words[3]) * 1000);
    for (struct pollfd input = {0, POLLIN, 0}; !told_to_stop;) {
        if (poll(&input, 1, 100) <= 0)
            continue;
        ssize_t got = read(0, buffer + have, room - have);
        if (got < 0)
            continue;
        if (!got)
            break;
        if (!first_ns)
            first_ns = now();
        size_t end = have + (size_t)got, start = 0;
        for (char *line; (line = memchr(buffer + start, '\n', end - start)); start = (size_t)(line - buffer) + 1)
            judge(buffer + start, (size_t)(line - buffer) - start);
        have = end - start;
        memmove(buffer, buffer + start, have);
        if (have == room) {
            torn++;
            have = 0;
        }
        last_ns = now();
        if (ended >= writers)
            report("all");
    }
    if (have)
        judge(buffer, have);
    report(told_to_stop ? "stopped" : "end of input");
    return 0;
}
