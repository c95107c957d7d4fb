/* quantizer-options.c - the options of hu.quantizer: words to settings, and what does not go together. */
#include <string.h>

#include "lua/quantizer.h"
#include "src/base/memory.h"

const char *const hu_lua_per_names[]      = {"tensor", "row", "column", "channel", "group", "tile", "rank1", NULL};
const char *const hu_lua_overflow_names[] = {"ieee", "saturate", "saturate-finite-only", NULL};
const char *const hu_lua_scale_names[]    = {
#define X(name, text) #name,
    HU_RANGE_RULE_MAP(X)
#undef X
    NULL};
const char *const hu_lua_pow2_names[] = {
#define X(name, text) text,
    HU_POW2_MAP(X)
#undef X
    NULL};
const char *const hu_lua_score_names[] = {
#define X(name) #name,
    HU_SCORE_MAP(X)
#undef X
    NULL};

static const char *const keys[] = {
    "format", "rounding", "overflow", "seed", "stream", "narrow", "zero",
    "per", "axis", "flat", "group", "tile",
    "scale", "constant", "percentile", "clip", "target",
    "candidates", "score", "power", "weights", "activations",
    "scale_format", "scale_rounding", "pow2", "within", "scale_least", "scale_most", "scales", "momentum", NULL};

static bool has(lua_State *L, int idx, const char *key)
{
    bool is_there = hu_lua_option(L, idx, key);
    if (is_there)
        lua_pop(L, 1);
    return is_there;
}

/* Raises where the option is given and may not be. */
static void only(lua_State *L, int idx, const char *key, bool allowed, const char *takes)
{
    if (!allowed && has(L, idx, key))
        luaL_error(L, "quantizer: %s is given without %s", key, takes);
}

/* A block format, with its few options; false where format is something else. */
static bool read_block(lua_State *L, int idx, quantizer_box *box)
{
    static const char *const taken[] = {"format", "rounding", "overflow", "seed", "stream", "axis", "flat", NULL};
    if (!hu_lua_option(L, idx, "format"))
        return false;
    const hu_block_format *block = hu_lua_test_block(L, lua_gettop(L), "format");
    lua_pop(L, 1);
    if (!block)
        return false;
    for (int i = 0; keys[i]; i++) {
        bool is_taken = false;
        for (int k = 0; taken[k]; k++)
            is_taken = is_taken || strcmp(taken[k], keys[i]) == 0;
        if (!is_taken && has(L, idx, keys[i]))
            luaL_error(L, "quantizer: %s is given with the block format %s, which says that itself", keys[i], block->name);
    }
    hu_scaled_init(&box->q, block->element);
    box->q.block = block;
    return true;
}

static void read_element(lua_State *L, int idx, quantizer_box *box)
{
    hu_scaled *q = &box->q;
    if (!hu_lua_option(L, idx, "format"))
        luaL_error(L, "quantizer: format is missing; it takes the format of the elements, such as \"int8\"");
    const hu_format *f = hu_lua_format(L, -1, "format");
    hu_env *env = hu_lua_format_env(L, lua_gettop(L));
    hu_scaled_init(q, f);
    if (env) {
        q->element.rounding = env->rounding;
        q->element.overflow = env->overflow != HU_OVERFLOW_IEEE ? env->overflow : HU_OVERFLOW_SATURATE;
    }
    lua_pop(L, 1);
}

static void read_settings(lua_State *L, int idx, quantizer_box *box)
{
    hu_scaled *q = &box->q;
    if (!q->element.rounding)
        q->element.rounding = hu_env_default().rounding;
    q->element.rounding = hu_lua_option_rounding(L, idx, "rounding", q->element.rounding);
    q->element.overflow = (hu_overflow)hu_lua_option_choice(L, idx, "overflow", hu_lua_overflow_names, (int)q->element.overflow);
    q->narrow = hu_lua_option_boolean(L, idx, "narrow", false);
    q->zero_point = hu_lua_option_boolean(L, idx, "zero", false);
    box->seed = hu_lua_option_u64(L, idx, "seed", 0);
    box->stream = hu_lua_option_u64(L, idx, "stream", 0);
}

/* An index counted from 1, or from the last, -1. */
static int read_axis(lua_State *L, int idx)
{
    int axis = (int)hu_lua_option_integer(L, idx, "axis", -1, -HU_MAX_RANK, HU_MAX_RANK);
    if (axis == 0)
        luaL_error(L, "quantizer: axis is 0; it takes an index from 1, or from the last, -1");
    return axis > 0 ? axis - 1 : axis;
}

static void read_granularity(lua_State *L, int idx, hu_granularity *how)
{
    hu_per implied = has(L, idx, "tile") ? HU_PER_TILE : has(L, idx, "group") ? HU_PER_GROUP : HU_PER_TENSOR;
    how->per = (hu_per)hu_lua_option_choice(L, idx, "per", hu_lua_per_names, (int)implied);
    bool is_group = how->per == HU_PER_GROUP;
    only(L, idx, "axis", is_group || how->per == HU_PER_CHANNEL, "per = \"channel\" or \"group\"");
    only(L, idx, "group", is_group || how->per == HU_PER_RANK1, "per = \"group\" or \"rank1\"");
    only(L, idx, "flat", is_group, "per = \"group\"");
    only(L, idx, "tile", how->per == HU_PER_TILE, "per = \"tile\"");
    how->axis = read_axis(L, idx);
    how->flat = hu_lua_option_boolean(L, idx, "flat", false);
    if (how->flat)
        only(L, idx, "axis", false, "flat = false: groups in storage order have no axis");
    how->group = (size_t)hu_lua_option_integer(L, idx, "group", 0, 1, (lua_Integer)1 << 48);
    if (is_group && how->group == 0)
        luaL_error(L, "quantizer: group is missing; per = \"group\" takes the number of elements of a group");
    if (how->per != HU_PER_TILE)
        return;
    if (!hu_lua_option(L, idx, "tile"))
        luaL_error(L, "quantizer: tile is missing; per = \"tile\" takes two sizes, such as {16, 16}");
    size_t tile[HU_MAX_RANK];
    if (hu_lua_shape(L, lua_gettop(L), "tile", tile) != 2 || tile[0] == 0 || tile[1] == 0)
        luaL_error(L, "quantizer: tile takes a list of two sizes above 0, such as {16, 16}");
    memcpy(how->tile, tile, sizeof how->tile);
    lua_pop(L, 1);
}

/* The option as an array that the box, on top of the stack, keeps; a table of numbers becomes one. */
static const hu_tensor *read_array(lua_State *L, int idx, const char *key, int slot)
{
    if (!hu_lua_option(L, idx, key))
        return NULL;
    hu_tensor *t = hu_lua_to_tensor(L, lua_gettop(L), key);
    lua_setiuservalue(L, -2, slot);
    return t;
}

static void read_candidates(lua_State *L, int idx, quantizer_box *box)
{
    hu_scaled *q = &box->q;
    hu_error err = {0};
    if (!hu_lua_option(L, idx, "candidates"))
        return;
    if (lua_type(L, -1) == LUA_TSTRING) {
        q->candidates = hu_candidates_find(lua_tostring(L, -1), &q->n_candidates, &q->score, &q->power, &err);
        hu_lua_try(L, q->candidates ? HU_OK : err.status, &err);
        lua_pop(L, 1);
        return;
    }
    hu_tensor *t = hu_lua_to_tensor(L, lua_gettop(L), "candidates");
    box->candidates = hu_malloc((t->n + 1) * sizeof *box->candidates);
    if (!box->candidates)
        luaL_error(L, "quantizer: no memory for %I candidates", (LUAI_UACINT)t->n);
    for (size_t i = 0; i < t->n; i++)
        box->candidates[i] = hu_tensor_get(t, i);
    q->candidates = box->candidates;
    q->n_candidates = t->n;
    lua_pop(L, 1);
}

static void read_search(lua_State *L, int idx, quantizer_box *box)
{
    hu_scaled *q = &box->q;
    bool is_search = q->rule == HU_RANGE_search;
    for (const char *const *key = (const char *const[]){"candidates", "score", "power", "weights", "activations", NULL}; *key; key++)
        only(L, idx, *key, is_search, "scale = \"search\"");
    if (!is_search)
        return;
    read_candidates(L, idx, box);
    q->weights = read_array(L, idx, "weights", HU_BOX_WEIGHTS);
    q->activations = read_array(L, idx, "activations", HU_BOX_ACTIVATIONS);
    if (q->weights || q->activations)
        q->score = q->weights ? HU_SCORE_weighted : HU_SCORE_layer;
    if (hu_lua_option(L, idx, "score")) {
        if (lua_type(L, -1) == LUA_TFUNCTION) {
            q->score = HU_SCORE_layer;
            lua_setiuservalue(L, -2, HU_BOX_FUNCTION);
        } else {
            q->score = (hu_score)hu_lua_choice(L, lua_gettop(L), "score", hu_lua_score_names);
            lua_pop(L, 1);
        }
    }
    only(L, idx, "power", q->score == HU_SCORE_lp, "score = \"lp\"");
    only(L, idx, "weights", q->score == HU_SCORE_weighted, "score = \"weighted\"");
    only(L, idx, "activations", q->score == HU_SCORE_layer, "score = \"layer\"");
    q->power = hu_lua_option_number(L, idx, "power", q->power);
}

/* scale = a rule, "mse", or a number. */
static void read_rule(lua_State *L, int idx, quantizer_box *box)
{
    hu_scaled *q = &box->q;
    if (has(L, idx, "clip")) {
        if (has(L, idx, "scale"))
            luaL_error(L, "quantizer: clip and scale are given; give one of them");
        q->rule = HU_RANGE_clip;
        q->value = hu_lua_option_number(L, idx, "clip", 0);
    } else if (hu_lua_option(L, idx, "scale")) {
        if (lua_type(L, -1) == LUA_TNUMBER) {
            q->rule = HU_RANGE_fixed;
            q->value = lua_tonumber(L, -1);
        } else if (lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), "mse") == 0) {
            q->rule = HU_RANGE_search;
        } else {
            q->rule = (hu_range_rule)hu_lua_choice(L, lua_gettop(L), "scale", hu_lua_scale_names);
            if (q->rule == HU_RANGE_clip || q->rule == HU_RANGE_fixed)
                luaL_error(L, "quantizer: scale is \"%s\"; give the number, %s", hu_lua_scale_names[q->rule],
                           q->rule == HU_RANGE_clip ? "clip = 2.5" : "scale = 0.5");
        }
        lua_pop(L, 1);
    }
    bool is_percentile = q->rule == HU_RANGE_percentile;
    only(L, idx, "constant", q->rule <= HU_RANGE_absmean, "scale = \"absmax\", \"rms\" or \"absmean\"");
    only(L, idx, "percentile", is_percentile, "scale = \"percentile\"");
    if (is_percentile && !has(L, idx, "percentile"))
        luaL_error(L, "quantizer: percentile is missing; scale = \"percentile\" takes a share such as 0.999");
    q->constant = hu_lua_option_number(L, idx, "constant", 1);
    q->percentile = hu_lua_option_number(L, idx, "percentile", 1);
    if (has(L, idx, "target")) {
        q->target = hu_lua_option_number(L, idx, "target", 0);
        if (!(q->target > 0))
            luaL_error(L, "quantizer: target is %f; it takes a positive number", q->target);
    }
}

static void read_scale(lua_State *L, int idx, quantizer_box *box)
{
    static const char *const within[] = {"all", "row", NULL};
    hu_scaled *q = &box->q;
    q->scale_format = hu_lua_option_format(L, idx, "scale_format");
    q->scale_rounding = hu_lua_option_rounding(L, idx, "scale_rounding", NULL);
    q->pow2 = (hu_pow2)hu_lua_option_choice(L, idx, "pow2", hu_lua_pow2_names, HU_POW2_none);
    only(L, idx, "within", q->pow2 >= HU_POW2_ratio_floor, "pow2 = \"ratio-floor\" or \"ratio-ceil\"");
    q->pow2_by_row = hu_lua_option_choice(L, idx, "within", within, 0) == 1;
    q->scale_least = hu_lua_option_number(L, idx, "scale_least", 0);
    q->scale_most = hu_lua_option_number(L, idx, "scale_most", 0);
    box->observer.momentum = hu_lua_option_number(L, idx, "momentum", -1);
    if (has(L, idx, "momentum") && !(box->observer.momentum >= 0 && box->observer.momentum < 1))
        luaL_error(L, "quantizer: momentum is %f; it takes a number from 0, below 1", box->observer.momentum);
    if (hu_lua_option(L, idx, "scales")) {
        q->scales = &hu_lua_check_quantizer(L, lua_gettop(L), "scales")->q;
        lua_setiuservalue(L, -2, HU_BOX_SCALES);
    }
}

void hu_lua_read_quantizer(lua_State *L, int idx, quantizer_box *box)
{
    hu_error err = {0};
    hu_scaled *q = &box->q;

    hu_lua_options(L, idx, keys);
    if (read_block(L, idx, box)) {
        read_settings(L, idx, box);
        q->per.per = HU_PER_GROUP;
        q->per.flat = hu_lua_option_boolean(L, idx, "flat", false);
        q->per.axis = read_axis(L, idx);
        return;
    }
    read_element(L, idx, box);
    read_settings(L, idx, box);
    read_granularity(L, idx, &q->per);
    read_rule(L, idx, box);
    read_search(L, idx, box);
    read_scale(L, idx, box);
    hu_scaled probe = *q;
    const hu_tensor something = {0};
    if (probe.score == HU_SCORE_layer && lua_getiuservalue(L, -1, HU_BOX_FUNCTION) == LUA_TFUNCTION)
        probe.activations = &something;                /* a function stands for them */
    if (probe.score == HU_SCORE_layer)
        lua_pop(L, 1);
    hu_lua_try(L, hu_scaled_check(&probe, HU_F64, &err), &err);
}
