/* SPDX-License-Identifier: MIT */
/* Runs a target on files without a fuzzing engine: on those named, else on those of the folder FUZZ_CORPUS.
 * The file that includes this has included the target. */

#include <dirent.h>

static char *read_whole(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    char *data = malloc((size_t)1 << 20);
    *size = data ? fread(data, 1, (size_t)1 << 20, file) : 0;
    fclose(file);
    /* A block of its own size, so that sanitizers see a read past its end. */
    char *exact = data ? malloc(*size ? *size : 1) : NULL;
    if (exact) memcpy(exact, data, *size);
    free(data);
    return exact;
}

static int run_file(const char *path)
{
    size_t size = 0;
    char *data = read_whole(path, &size);
    if (!data) {
        printf("%s cannot be read\n", path);
        return 0;
    }
    LLVMFuzzerTestOneInput((const uint8_t *)data, size);
    free(data);
    return 1;
}

int main(int argc, char **argv)
{
    int passed = 0, failed = 0;
    for (int i = 1; i < argc; i++) *(run_file(argv[i]) ? &passed : &failed) += 1;
    DIR *folder = argc < 2 ? opendir(FUZZ_CORPUS) : NULL;
    struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        char path[512];
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof(path), "%s/%s", FUZZ_CORPUS, entry->d_name);
        *(run_file(path) ? &passed : &failed) += 1;
    }
    if (folder) closedir(folder);
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0 || passed == 0;
}
