/* SPDX-License-Identifier: MIT */
/* check_xml FILE...: says of each whether it is well-formed in the sense of xml.h; the exit code is 1 when
 * one is not. */
#include "report/xml.h"

int main(int argc, char **argv)
{
    int wrong = 0;
    for (int i = 1; i < argc; i++) {
        char block[65536];
        page p = page_new();
        FILE *file = fopen(argv[i], "rb");
        size_t n;
        while (file && (n = fread(block, 1, sizeof(block), file)) > 0) page_write(block, (int64_t)n, &p);
        if (file) fclose(file);
        const char *fault = xml_fault(p.text ? p.text : "", p.size);
        if (fault) fprintf(stderr, "%s: %s\n", argv[i], fault);
        wrong |= fault != NULL;
        page_end(&p);
    }
    return wrong;
}
