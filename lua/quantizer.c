/* quantizer.c - quantizers in Lua: formats with scales, what they do to arrays, and static scales from calibration. */
#include <math.h>

#include "lua/quantizer.h"
#include "src/base/memory.h"

static quantizer_box *filled(lua_State *L, quantizer_box *box)
{
    if (box && !box->q.element.format)
        luaL_error(L, "the quantizer has been collected already");
    return box;
}

quantizer_box *hu_lua_check_quantizer(lua_State *L, int idx, const char *name)
{
    return filled(L, hu_lua_check_box(L, idx, HU_LUA_QUANTIZER, name));
}

/* quantizer{format =, per =, scale =, ...} -> quantizer */
static int new(lua_State *L)
{
    lua_settop(L, 1);
    hu_lua_table(L, 1, "options", "a table with a format and how to scale, such as {format = \"int8\", per = \"row\"}");
    quantizer_box *box = hu_lua_new_box(L, HU_LUA_QUANTIZER, sizeof *box, HU_BOX_VALUES);
    hu_lua_read_quantizer(L, 1, box);
    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, 1); ) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, 3);
    }
    lua_setiuservalue(L, 2, HU_BOX_OPTIONS);
    return 1;
}

/* quantizer:with{...} -> quantizer; the same options but for those given, not frozen */
static int with(lua_State *L)
{
    hu_lua_check_quantizer(L, 1, "quantizer");
    hu_lua_table(L, 2, "options", "a table of options");
    lua_settop(L, 2);
    lua_newtable(L);
    lua_getiuservalue(L, 1, HU_BOX_OPTIONS);
    lua_insert(L, 2);
    for (int from = 2; from <= 3; from++)
        for (lua_pushnil(L); lua_next(L, from); ) {
            lua_pushvalue(L, -2);
            lua_insert(L, -2);
            lua_rawset(L, 4);
        }
    lua_replace(L, 1);
    return new(L);
}

/* ---- a function as score ---- */

typedef struct layer_call {
    lua_State *L;
    int box;                  /* where the quantizer is          */
    const hu_tensor *v;
} layer_call;

static int call_layer(lua_State *L)
{
    const layer_call *call = lua_touserdata(L, 1);
    hu_tensor *copy = hu_lua_make_tensor(L, call->v->dtype, call->v->rank, call->v->shape);
    for (size_t i = 0; i < copy->n; i++)
        hu_tensor_set(copy, i, hu_tensor_get(call->v, i));
    lua_insert(L, 2);                      /* function, array */
    lua_insert(L, 2);
    lua_call(L, 1, 1);
    if (lua_type(L, -1) != LUA_TNUMBER)
        return luaL_error(L, "score gave %s; it takes a function that gives a number", luaL_typename(L, -1));
    return 1;
}

static hu_status score_layer(void *context, const hu_tensor *v, double *score, hu_error *err)
{
    layer_call *call = context;
    lua_State *L = call->L;
    if (!lua_checkstack(L, 16))
        return hu_fail(err, HU_ENOMEM, "quantizer: no room on the stack for the score");
    call->v = v;
    lua_pushcfunction(L, call_layer);
    lua_pushlightuserdata(L, call);
    lua_getiuservalue(L, call->box, HU_BOX_FUNCTION);
    hu_status status = HU_OK;
    if (lua_pcall(L, 2, 1, 0) == LUA_OK)
        *score = lua_tonumber(L, -1);
    else
        status = hu_fail(err, HU_EINVAL, "quantizer: score failed: %.180s", lua_tostring(L, -1) ? lua_tostring(L, -1) : "an error without words");
    lua_pop(L, 1);
    return status;
}

/* ---- what it does to arrays ---- */

static void require_array(lua_State *L, const hu_tensor *t, const char *name)
{
    if (t && !t->data)
        luaL_error(L, "quantizer: the array of %s has been collected already", name);
}

/* The settings of the quantizer at idx (absolute) for one call. */
static hu_scaled ready(lua_State *L, int idx, quantizer_box *box, layer_call *call)
{
    hu_scaled q = box->q;
    require_array(L, q.weights, "weights");
    require_array(L, q.activations, "activations");
    *call = (layer_call){.L = L, .box = idx};
    q.layer = score_layer;
    q.layer_context = call;
    return q;
}

bool hu_lua_push_scaled(lua_State *L, int idx, const hu_tensor *t, uint64_t seed, uint64_t stream, hu_flags *flags)
{
    idx = lua_absindex(L, idx);
    quantizer_box *box = filled(L, hu_lua_test_box(L, idx, HU_LUA_QUANTIZER));
    hu_error err = {0};
    hu_flags raised = 0;
    layer_call call;
    if (!box)
        return false;
    hu_scaled q = ready(L, idx, box, &call);
    hu_tensor *out = hu_lua_make_tensor(L, t->dtype, t->rank, t->shape);
    hu_lua_try(L, hu_scaled_apply(out, t, &q, seed, stream, &(hu_scaled_result){.flags = &raised}, &err), &err);
    *flags |= raised;
    return true;
}

static void set_error(lua_State *L, const hu_quantize_error *e)
{
    hu_lua_set_integer(L, "n", (lua_Integer)e->n);
    hu_lua_set_number(L, "mse", e->mse);
    hu_lua_set_number(L, "nmse", e->nmse);
    hu_lua_set_number(L, "sqnr", e->sqnr_db);
    hu_lua_set_number(L, "max", e->max);
    hu_lua_set_number(L, "clipped", e->clipped);
    hu_lua_set_number(L, "flushed", e->flushed);
}

/* Applies the quantizer at 1 to the array at 2 with the options at 3, and pushes the info; the array at `out` gets the values,
 * the one at `codes` (0: none) the codes. */
static void apply_to(lua_State *L, int out_at, int codes_at)
{
    static const char *const keys[] = {"seed", "stream", NULL};
    char text[HU_FLAGS_SIZE];
    quantizer_box *box = hu_lua_check_quantizer(L, 1, "quantizer");
    hu_tensor *x = hu_lua_check_tensor(L, 2, "x"), *out = hu_lua_check_tensor(L, out_at, "out");
    hu_error err = {0};
    hu_quantize_error e = {0};
    hu_flags flags = 0;
    double bits = 0;
    layer_call call;

    hu_lua_options(L, 3, keys);
    uint64_t seed = hu_lua_option_u64(L, 3, "seed", box->seed), stream = hu_lua_option_u64(L, 3, "stream", box->stream);
    hu_scaled q = ready(L, 1, box, &call);
    lua_newtable(L);
    hu_tensor *scales = hu_lua_new_tensor(L), *zeros = hu_lua_new_tensor(L);
    hu_scaled_result also = {.scales = scales, .zeros = zeros, .error = &e, .flags = &flags,
                             .codes = codes_at ? hu_lua_test_box(L, codes_at, HU_LUA_ARRAY) : NULL};
    hu_lua_try(L, hu_scaled_apply(out, x, &q, seed, stream, &also, &err), &err);
    hu_lua_try(L, hu_scaled_bits(&q, x, &bits, &err), &err);
    if (zeros->data)
        lua_setfield(L, -3, "zeros");
    else
        lua_pop(L, 1);
    lua_setfield(L, -2, "scales");
    set_error(L, &e);
    hu_lua_set_number(L, "bits", bits);
    lua_pushstring(L, hu_flags_to_text(flags, text));
    lua_setfield(L, -2, "flags");
}

/* quantizer:apply(x [, options]) -> array, info; options: seed, stream */
static int apply(lua_State *L)
{
    hu_lua_check_quantizer(L, 1, "quantizer");
    lua_settop(L, 3);
    hu_tensor *x = hu_lua_to_tensor(L, 2, "x");
    hu_lua_make_tensor(L, x->dtype, x->rank, x->shape);
    apply_to(L, 4, 0);
    return 2;
}

/* quantizer:codes(x [, options]) -> array, info */
static int codes(lua_State *L)
{
    hu_lua_check_quantizer(L, 1, "quantizer");
    lua_settop(L, 3);
    hu_tensor *x = hu_lua_to_tensor(L, 2, "x");
    hu_lua_make_tensor(L, x->dtype, x->rank, x->shape);
    hu_lua_new_tensor(L);
    apply_to(L, 4, 5);
    return 2;
}

/* ---- static scales ---- */

/* quantizer:observe(x) -> quantizer */
static int observe(lua_State *L)
{
    quantizer_box *box = hu_lua_check_quantizer(L, 1, "quantizer");
    hu_error err = {0};
    layer_call call;
    lua_settop(L, 2);
    hu_tensor *x = hu_lua_to_tensor(L, 2, "x");
    if (box->q.frozen_high)
        luaL_error(L, "observe: the quantizer is frozen; quantizer:with{} makes one that is not");
    hu_scaled q = ready(L, 1, box, &call);
    hu_lua_try(L, hu_observer_add(&box->observer, &q, x, &err), &err);
    lua_settop(L, 1);
    return 1;
}

/* quantizer:freeze() -> quantizer */
static int freeze(lua_State *L)
{
    quantizer_box *box = hu_lua_check_quantizer(L, 1, "quantizer");
    hu_error err = {0};
    lua_settop(L, 1);
    if (box->q.frozen_high)
        return 1;
    hu_lua_try(L, hu_observer_finish(&box->observer, &box->q, &err), &err);
    box->q.frozen_low = box->observer.low;
    box->q.frozen_high = box->observer.high;
    box->q.n_frozen = box->observer.n_groups;
    return 1;
}

static int collect(lua_State *L)
{
    quantizer_box *box = hu_lua_check_box(L, 1, HU_LUA_QUANTIZER, "quantizer");
    hu_observer_clear(&box->observer);
    hu_free(box->candidates);
    *box = (quantizer_box){0};
    return 0;
}

/* ---- what it says of itself ---- */

static const quantizer_box *self(lua_State *L)
{
    return hu_lua_check_quantizer(L, 1, "quantizer");
}

static const char *format_of(const hu_scaled *q) { return q->block ? q->block->name : q->element.format->name; }
static const char *per_of   (const hu_scaled *q) { return q->block ? "block" : hu_lua_per_names[q->per.per]; }
static const char *rule_of  (const hu_scaled *q) { return q->block ? hu_scale_rule_names[q->block->rule] : hu_lua_scale_names[q->rule]; }

static int field_format  (lua_State *L) { lua_pushstring(L, format_of(&self(L)->q)); return 1; }
static int field_per     (lua_State *L) { lua_pushstring(L, per_of(&self(L)->q)); return 1; }
static int field_scale   (lua_State *L) { lua_pushstring(L, rule_of(&self(L)->q)); return 1; }
static int field_rounding(lua_State *L) { lua_pushstring(L, self(L)->q.element.rounding->name); return 1; }
static int field_overflow(lua_State *L) { lua_pushstring(L, hu_lua_overflow_names[self(L)->q.element.overflow]); return 1; }
static int field_frozen  (lua_State *L) { lua_pushboolean(L, self(L)->q.frozen_high != NULL); return 1; }
static int field_observed(lua_State *L) { lua_pushinteger(L, (lua_Integer)self(L)->observer.n_tensors); return 1; }

static int to_text(lua_State *L)
{
    const hu_scaled *q = &self(L)->q;
    luaL_Buffer b;

    luaL_buffinit(L, &b);
    luaL_addstring(&b, "quantizer{");
    luaL_addstring(&b, format_of(q));
    lua_pushfstring(L, ", per %s", per_of(q));
    luaL_addvalue(&b);
    if (q->per.group > 0) {
        lua_pushfstring(L, " of %I%s", (LUAI_UACINT)q->per.group, q->per.flat ? " flat" : "");
        luaL_addvalue(&b);
    }
    if (q->per.per == HU_PER_TILE) {
        lua_pushfstring(L, " of %I x %I", (LUAI_UACINT)q->per.tile[0], (LUAI_UACINT)q->per.tile[1]);
        luaL_addvalue(&b);
    }
    lua_pushfstring(L, ", scale %s", rule_of(q));
    luaL_addvalue(&b);
    if (!q->block && q->rule == HU_RANGE_search) {
        lua_pushfstring(L, " (%s)", hu_lua_score_names[q->score]);
        luaL_addvalue(&b);
    }
    if (q->rule == HU_RANGE_clip || q->rule == HU_RANGE_fixed || q->rule == HU_RANGE_percentile) {
        lua_pushfstring(L, " %f", q->rule == HU_RANGE_percentile ? q->percentile : q->value);
        luaL_addvalue(&b);
    }
    if (q->scale_format) {
        lua_pushfstring(L, ", scales in %s", q->scale_format->name);
        luaL_addvalue(&b);
    }
    if (q->scales) {
        lua_pushfstring(L, ", scales quantized to %s", q->scales->element.format->name);
        luaL_addvalue(&b);
    }
    if (q->pow2 != HU_POW2_none) {
        lua_pushfstring(L, ", pow2 %s", hu_lua_pow2_names[q->pow2]);
        luaL_addvalue(&b);
    }
    luaL_addstring(&b, q->zero_point ? ", zero point" : "");
    luaL_addstring(&b, q->narrow ? ", narrow" : "");
    lua_pushfstring(L, ", %s, %s%s}", q->element.rounding->name, hu_lua_overflow_names[q->element.overflow],
                    q->frozen_high ? ", frozen" : "");
    luaL_addvalue(&b);
    luaL_pushresult(&b);
    return 1;
}

/* candidates([name]) -> list of names, or the list of that name */
static int candidates(lua_State *L)
{
    hu_error err = {0};
    size_t n = 0;
    hu_score score;
    double power;

    if (hu_lua_absent(L, 1)) {
        lua_newtable(L);
        for (int i = 0; hu_candidates_at(i); i++) {
            lua_pushstring(L, hu_candidates_at(i));
            lua_rawseti(L, -2, i + 1);
        }
        return 1;
    }
    const double *list = hu_candidates_find(hu_lua_string(L, 1, "name"), &n, &score, &power, &err);
    hu_lua_try(L, list ? HU_OK : err.status, &err);
    hu_tensor *t = hu_lua_make_tensor(L, HU_F64, 1, &n);
    for (size_t i = 0; i < n; i++)
        t->f64[i] = list[i];
    return 1;
}

static const luaL_Reg functions[] = {{"new", new}, {"candidates", candidates}, {NULL, NULL}};
static const luaL_Reg methods[]   = {
    {"apply", apply}, {"codes", codes}, {"observe", observe}, {"freeze", freeze}, {"with", with}, {NULL, NULL},
};
static const luaL_Reg meta[]      = {{"__tostring", to_text}, {"__gc", collect}, {NULL, NULL}};
static const luaL_Reg fields[]    = {
    {"format", field_format}, {"per", field_per}, {"scale", field_scale}, {"rounding", field_rounding},
    {"overflow", field_overflow}, {"frozen", field_frozen}, {"observed", field_observed}, {NULL, NULL},
};

int hu_lua_open_quantizer(lua_State *L)
{
    hu_lua_new_type(L, HU_LUA_QUANTIZER, methods, fields, meta);
    luaL_newlib(L, functions);
    return 1;
}
