/*
 * A server of a test's own, in place of somebody else's: a process on a free port of loopback that serves each
 * connection in a process of its own, until the test ends it.
 */
#ifndef TESTS_DOUBLE_H
#define TESTS_DOUBLE_H

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Writes its port; the process to kill() and wait for. */
static inline pid_t double_start(int *port, void (*serve)(int fd)) {
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (void *)&at, size) || listen(listener, 20) || getsockname(listener, (void *)&at, &size)) exit(2);
    *port = ntohs(at.sin_port);
    pid_t pid = fork();
    if (pid) return close(listener), pid;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fork() == 0) {
            serve(fd);
            _exit(0);
        }
        close(fd);
    }
}

#endif
