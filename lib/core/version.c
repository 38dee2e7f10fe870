/* SPDX-License-Identifier: MIT */
#include <rnn/version.h>

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

int32_t rnn_version_number(void)
{
    return RNN_VERSION_MAJOR * 10000 + RNN_VERSION_MINOR * 100 + RNN_VERSION_PATCH;
}

const char *rnn_version(void)
{
    return TEXT(RNN_VERSION_MAJOR) "." TEXT(RNN_VERSION_MINOR) "." TEXT(RNN_VERSION_PATCH);
}
