/* crowd: an app that costs next to nothing. With $PORT it answers every request with "ok", else it sleeps. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";

static void answer(int link)
{
    char asked[8192];
    size_t have = 0;
    while (have < sizeof asked - 1) {
        ssize_t got = read(link, asked + have, sizeof asked - 1 - have);
        if (got <= 0)
            return;
        have += (size_t)got;
        asked[have] = 0;
        if (strstr(asked, "\r\n\r\n"))
            break;
    }
    if (write(link, ANSWER, sizeof ANSWER - 1) < 0)
        return;
    shutdown(link, SHUT_WR);
}

int main(void)
{
    const char *port = getenv("PORT");
    signal(SIGPIPE, SIG_IGN);
    if (!port)
        for (;;)
            pause();
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, door = socket(AF_INET, SOCK_STREAM, 0);
    at.sin_port = htons((unsigned short)atoi(port));
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(door, (struct sockaddr *)&at, sizeof at) < 0 || listen(door, 64) < 0) {
        perror("crowd");
        return 1;
    }
    for (;;) {
        int link = accept(door, NULL, NULL);
        if (link >= 0) {
            answer(link);
            close(link);
        }
    }
}
