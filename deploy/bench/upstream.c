// Parameter Store, DynamoDB and EventBridge for verify-signature: answers each request with success, a fixed time after
// the whole request has arrived. All services share one port; X-Amz-Target identifies the call. Requests on several
// connections wait independently. Prints its port, and exits when its standard input ends.
//
// usage: upstream <delay in µs> <webhook secret>
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { first = 2, most = 64 };  // indices of the connections in `watched`

static struct pollfd watched[most];
static struct {
    char request[1 << 15];
    size_t got;
    long long due;  // time of the answer, in ns; 0 while the request is incomplete
} connections[most];
static long long delay;
static const char *secret;

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int is_complete(const char *request, size_t got) {
    const char *end = strstr(request, "\r\n\r\n");
    if (!end) return 0;
    const char *length = strcasestr(request, "\r\ncontent-length:");
    return got >= (size_t)(end + 4 - request) + (length && length < end ? strtoul(length + 17, 0, 10) : 0);
}

static void answer(int index) {
    const char *request = connections[index].request, *status = "200 OK";
    char body[512] = "{}", head[256];
    if (!strncmp(request, "HEAD ", 5)) {
        status = "404 Not Found";
        body[0] = 0;
    } else if (strcasestr(request, "x-amz-target: AmazonSSM.GetParameters\r\n")) {
        snprintf(body, sizeof body, "{\"Parameters\":[{\"Name\":\"/secret\",\"Value\":\"%s\"}]}", secret);
    } else if (strcasestr(request, "x-amz-target: AWSEvents.PutEvents\r\n")) {
        strcpy(body, "{\"Entries\":[{\"EventId\":\"1\"}],\"FailedEntryCount\":0}");
    } else if (!strcasestr(request, "x-amz-target: DynamoDB_20120810.TransactWriteItems\r\n")) {
        status = "400 Bad Request";
    }
    snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", status, strlen(body));
    // One write makes one packet. If the client has closed the connection, the next read notices.
    char response[sizeof head + sizeof body];
    int length = snprintf(response, sizeof response, "%s%s", head, body);
    send(watched[index].fd, response, (size_t)length, MSG_NOSIGNAL);
    connections[index].got = 0;
    connections[index].due = 0;
}

static void receive(int index) {
    char *request = connections[index].request;
    size_t *got = &connections[index].got, room = sizeof connections[index].request - 1 - *got;
    ssize_t count = read(watched[index].fd, request + *got, room);
    if (count <= 0) {
        close(watched[index].fd);
        watched[index].fd = -1;
        connections[index].due = 0;
        return;
    }
    *got += (size_t)count;
    request[*got] = 0;
    if (is_complete(request, *got)) connections[index].due = now() + delay;
}

static void accept_client(int server) {
    int client = accept4(server, 0, 0, SOCK_CLOEXEC), on = 1, index = first;
    if (client < 0) return;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    while (index < most && watched[index].fd >= 0) index++;
    if (index == most) exit(1);
    watched[index] = (struct pollfd){.fd = client, .events = POLLIN};
    connections[index].got = 0;
}

int main(int count, char **words) {
    if (count != 3) return 64;
    delay = atoll(words[1]) * 1000;
    secret = words[2];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server, (struct sockaddr *)&address, size) || listen(server, 128)) return 1;
    getsockname(server, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    prctl(PR_SET_TIMERSLACK, 1UL);

    watched[0] = (struct pollfd){.fd = 0, .events = POLLIN};
    watched[1] = (struct pollfd){.fd = server, .events = POLLIN};
    for (int index = first; index < most; index++) watched[index].fd = -1;
    for (;;) {
        long long soonest = 0;
        for (int index = first; index < most; index++) {
            long long due = connections[index].due;
            if (due && due <= now()) answer(index);
            else if (due && (!soonest || due < soonest)) soonest = due;
        }
        long long left = soonest ? soonest - now() : 0;
        struct timespec wait = {.tv_sec = 0, .tv_nsec = left > 0 ? left % 1000000000 : 0};
        if (ppoll(watched, most, soonest ? &wait : 0, 0) < 0) return 1;
        if (watched[0].revents) return 0;
        for (int index = first; index < most; index++) {
            if (watched[index].fd >= 0 && watched[index].revents) receive(index);
        }
        if (watched[1].revents) accept_client(server);
    }
}
