/* manifest.c - manifest.json: which script, which arguments, which program, which machine, when. */
#include "src/lab/manifest.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "formats/format.h"
#include "src/lab/build-info.h"
#include "src/lab/workers.h"

void hu_time_text(time_t seconds, char text[32])
{
    struct tm t;
    if (!gmtime_r(&seconds, &t) || strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &t) == 0)
        text[0] = '\0';
}

void hu_cpu_name(char name[128])
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    snprintf(name, 128, "unknown");
    while (file && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon) {
            snprintf(name, 128, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
            break;
        }
    }
    if (file)
        fclose(file);
}

static void field(hu_buffer *out, const char *name, bool *first)
{
    hu_buffer_text(out, *first ? "\n  " : ",\n  ");
    *first = true;                     /* the comma is written */
    hu_json_key(out, name, first);
    *first = false;
}

static void text_field(hu_buffer *out, const char *name, const char *text, bool *first)
{
    field(out, name, first);
    hu_json_string(out, text, strlen(text));
}

static void integer_field(hu_buffer *out, const char *name, int64_t value, bool *first)
{
    field(out, name, first);
    hu_json_integer(out, value);
}

/* The formats that the script has defined: the SHA-256 of the values of each. */
static void formats_field(hu_buffer *out, bool *first)
{
    const hu_format *f;
    const char *sha256;
    bool first_format = true;
    field(out, "formats", first);
    hu_buffer_text(out, "{");
    for (int i = 0; (f = hu_format_defined_at(i, &sha256)); i++) {
        hu_json_key(out, f->name, &first_format);
        hu_json_string(out, sha256, strlen(sha256));
    }
    hu_buffer_text(out, "}");
}

void hu_manifest_json(const hu_manifest *m, hu_buffer *out)
{
    const hu_run_facts *f = m->facts;
    struct utsname system_name = {0};
    char cpu[128], start[32], machine[256], wall[32];
    bool first = true;
    uname(&system_name);
    hu_cpu_name(cpu);
    hu_time_text(m->start.tv_sec, start);
    snprintf(machine, sizeof machine, "%.80s %.80s %.80s", system_name.sysname, system_name.release, system_name.machine);
    snprintf(wall, sizeof wall, "%.3f", m->wall_s);
    hu_buffer_text(out, "{");
    text_field(out, "program", "halfulp", &first);
    text_field(out, "version", hu_build.version, &first);
    text_field(out, "commit", hu_build.commit, &first);
    text_field(out, "numerics", hu_build.numerics, &first);
    text_field(out, "compiler", hu_build.compiler, &first);
    text_field(out, "flags", hu_build.flags, &first);
    text_field(out, "script", f->script, &first);
    text_field(out, "script_sha256", f->script_sha256, &first);
    text_field(out, "command", f->command, &first);
    field(out, "parameters", &first);
    hu_buffer_text(out, f->parameters && f->parameters[0] ? f->parameters : "{}");
    formats_field(out, &first);
    field(out, "policies", &first);
    hu_buffer_text(out, m->policies ? m->policies : "{}");
    integer_field(out, "seed", (int64_t)f->seed, &first);
    integer_field(out, "jobs", f->jobs, &first);
    text_field(out, "cpu", cpu, &first);
    integer_field(out, "cores", hu_workers_cores(), &first);
    text_field(out, "system", machine, &first);
    text_field(out, "start", start, &first);
    field(out, "wall_s", &first);
    hu_buffer_text(out, wall);
    integer_field(out, "points_done", (int64_t)m->n_done, &first);
    integer_field(out, "points_failed", (int64_t)m->n_failed, &first);
    text_field(out, "state", m->state, &first);
    hu_buffer_text(out, "\n}\n");
}
