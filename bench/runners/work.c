/* work MODE ID PORT MARK ...: what a runner runs in the bench.
 *
 *   stamp                     print one line, then wait for a signal
 *   deaf                      the same, but TERM, INT and HUP are ignored
 *   tick  MILLISECONDS        print a line every so often
 *   lines COUNT CHUNK END     print COUNT lines in writes of CHUNK bytes once told to go; then END: wait or exit
 *
 * Moments are told as datagrams to 127.0.0.1:PORT, "MARK WORD ID NANOSECONDS" on the monotonic clock, since a runner
 * may give its processes another environment, user or view of the files. `go` comes back the same way.
 *
 * A line is 100 bytes, "@@ID SEQUENCE xxx...x##\n". Where CHUNK is no multiple of 100, writes end in mid-line. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 100 };

static int teller = -1, id;
static const char *mark;

static void tell(const char *word)
{
    struct timespec at;
    char text[160];
    clock_gettime(CLOCK_MONOTONIC, &at);
    int size = snprintf(text, sizeof text, "%s %s %d %lld", mark, word, id,
                        at.tv_sec * 1000000000LL + at.tv_nsec);
    if (send(teller, text, (size_t)size, 0) < 0)
        return;
}

static void on_stop(int number)
{
    (void)number;
    tell("term");
    _exit(0);
}

static void put(const char *data, size_t size)
{
    while (size) {
        ssize_t done = write(1, data, size);
        if (done < 0) {
            if (errno == EINTR)
                continue;
            tell("broken");
            _exit(9);
        }
        data += done;
        size -= (size_t)done;
    }
}

static void make(char *line, long number)
{
    char head[32];
    int size = snprintf(head, sizeof head, "@@%03d %010ld ", id, number);
    memcpy(line, head, (size_t)size);
    memset(line + size, 'x', WIDTH - (size_t)size - 3);
    memcpy(line + WIDTH - 3, "##\n", 3);
}

static void lines(long count, size_t chunk)
{
    char word[8], *buffer = malloc(chunk + WIDTH);
    size_t used = 0;
    if (!buffer || !chunk || recv(teller, word, sizeof word, 0) < 0)
        _exit(3);
    for (long number = 0; number < count; number++) {
        make(buffer + used, number);
        used += WIDTH;
        while (used >= chunk) {
            put(buffer, chunk);
            memmove(buffer, buffer + chunk, used - chunk);
            used -= chunk;
        }
    }
    put(buffer, used);
    free(buffer);
    tell("done");
}

int main(int count, char **words)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char line[WIDTH];
    if (count < 5)
        return 2;
    id = atoi(words[2]);
    mark = words[4];
    to.sin_port = htons((unsigned short)atoi(words[3]));
    teller = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (teller < 0 || connect(teller, (struct sockaddr *)&to, sizeof to) < 0)
        return 4;
    int deaf = !strcmp(words[1], "deaf");
    for (int *each = (int[]){SIGTERM, SIGINT, SIGHUP, 0}; *each; each++)
        signal(*each, deaf ? SIG_IGN : on_stop);
    tell("start");
    if (!strcmp(words[1], "lines") && count > 7) {
        /* A descriptor that was handed on may be non-blocking. */
        fcntl(1, F_SETFL, fcntl(1, F_GETFL) & ~O_NONBLOCK);
        lines(atol(words[5]), (size_t)atol(words[6]));
        if (!strcmp(words[7], "exit"))
            return 0;
    } else {
        long pause_ms = !strcmp(words[1], "tick") && count > 5 ? atol(words[5]) : 0;
        long number = 0;
        do {
            make(line, number++);
            put(line, WIDTH);
            usleep((useconds_t)pause_ms * 1000);
        } while (pause_ms);
    }
    for (;;)
        pause();
}
