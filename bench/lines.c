/* lines ID COUNT CHUNK: print COUNT lines of 100 bytes, numbered, in writes of CHUNK bytes.
 *
 * A line is "@@ID SEQUENCE xxx...x##\n": torn, lost and doubled ones can be told from it. CHUNK need not be a multiple
 * of 100: then writes end in mid-line, as those of stdio do. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WIDTH = 100 };

static void put(const char *data, size_t size)
{
    while (size) {
        ssize_t done = write(1, data, size);
        if (done < 0) {
            if (errno == EINTR)
                continue;
            _exit(9);
        }
        data += done;
        size -= (size_t)done;
    }
}

static void make(char *line, int id, long number)
{
    char head[32];
    int size = snprintf(head, sizeof head, "@@%03d %010ld ", id, number);
    memcpy(line, head, (size_t)size);
    memset(line + size, 'x', WIDTH - (size_t)size - 3);
    memcpy(line + WIDTH - 3, "##\n", 3);
}

int main(int count, char **words)
{
    if (count < 4)
        return 2;
    int id = atoi(words[1]);
    long lines = atol(words[2]);
    size_t chunk = (size_t)atol(words[3]), used = 0;
    char *buffer = malloc(chunk + WIDTH);
    if (!buffer || !chunk)
        return 3;
    for (long number = 0; number < lines; number++) {
        make(buffer + used, id, number);
        used += WIDTH;
        while (used >= chunk) {
            put(buffer, chunk);
            memmove(buffer, buffer + chunk, used - chunk);
            used -= chunk;
        }
    }
    put(buffer, used);
    return 0;
}
