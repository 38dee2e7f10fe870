/* SPDX-License-Identifier: MIT */
#ifndef NOBODY_H
#define NOBODY_H

/* Root may write everywhere, so what a folder without permission does is tried as somebody else. */

#include "harness.h"

#include <sys/wait.h>

enum { NOBODY = 65534 };

/* Runs `body` in this process; for root in a child that has given up its rights, and whose failed checks fail
 * the test. */
HARNESS_STATIC void run_as_nobody(void (*body)(void))
{
    int status = 0;
    if (geteuid() != 0) {
        body();
        return;
    }
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        CHECK_INT(setgid(NOBODY), 0);
        CHECK_INT(setuid(NOBODY), 0);
        body();
        _exit(0);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
}

#endif
