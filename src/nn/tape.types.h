/* tape.types.h - the declarations of tape.h, for one REAL. */

struct R(hu_tape);

typedef struct R(hu_var) {
    size_t rows, cols;
    REAL  *value;
    REAL  *grad;              /* NULL: not yet, or no longer, or no gradient is wanted          */
    struct R(hu_tape) *room;  /* where memory for the gradient comes from; NULL: it is the caller's, or none is wanted */
    bool   has_grad;          /* grad holds something; until then its memory is not even zeroed */
    bool   has_subnormals;    /* the gradient holds some: told by operations that may give many */
    bool   is_leaf;           /* its gradient and tangents are memory of the caller       */
    REAL  *tangent;           /* of the value; NULL: zero                                 */
    REAL  *grad_tangent;      /* of the gradient; NULL: no memory for it yet, or none is wanted */
    bool   has_grad_tangent;  /* grad_tangent holds something; without it the tangent is zero   */
} R(hu_var);

typedef struct R(hu_tape) R(hu_tape);
typedef struct R(hu_node) R(hu_node);

/* What an operation is. push and pull are its tangents, as the head of tape.h says. */
typedef struct R(hu_rule) {
    const char *name;
    void      (*backward)(R(hu_tape) *tape, R(hu_node) *node);
    void      (*push)(R(hu_tape) *tape, R(hu_node) *node);
    void      (*pull)(R(hu_tape) *tape, R(hu_node) *node);
} R(hu_rule);

struct R(hu_node) {
    const R(hu_rule) *rule;
    R(hu_node) *before, *after;
    R(hu_var)  *out;
    R(hu_var)  *in[3];
    REAL       *saved[6];      /* what the operation wants to find again; its own business */
    const REAL *kept;          /* what hu_keep gave it                                     */
    REAL       *pushed[3];     /* the same from push to pull                               */
    size_t      size[3];
    const void *table;
    unsigned    layer;
};

/* Memory of a gradient that nobody needs any more, for the next one of its size. */
typedef struct R(hu_freed) {
    struct R(hu_freed) *next;
    size_t              n;       /* numbers */
} R(hu_freed);

struct R(hu_tape) {
    hu_arena         arena;
    hu_arena         gradients;  /* of what is no leaf: taken when the backward pass comes to it, given back when it is past */
    R(hu_freed)     *freed;
    R(hu_node)      *first, *last;
    const hu_policy *policy;     /* NULL: full precision                          */
    uint64_t         step;       /* for the streams of stochastic quantizers      */
    bool             recording;  /* false: no gradients, less memory              */
    int              threads;    /* at least 1                                    */
    bool             tangents;   /* the backward pass keeps what tangents want to find; set before it */
    bool             rounds_tangents;  /* the policy rounds the operands and sums of tangent products, too */
    uint64_t         direction;  /* which tangent this is, for the streams of stochastic quantizers; < 2^16 */
    bool             has_pushed; /* `mark` says where the tangents' memory begins     */
    hu_arena_mark    mark;
    unsigned         layer;      /* of the last linear layer, for what has no number of its own */
    uint64_t         kept;       /* how often something was kept by the policy    */
    double           start;      /* the gradient of what hu_backward begins with; 0: 1 */
    hu_error         error;      /* of the first operation that failed            */
};

void R(hu_tape_init)(R(hu_tape) *t, int threads);   /* empty and recording */
void R(hu_tape_reset)(R(hu_tape) *t);               /* forgets variables, nodes and the error; keeps memory */
void R(hu_tape_clear)(R(hu_tape) *t);

/* A variable over memory of the caller, such as parameters: value [rows][cols]; grad likewise or NULL. The gradient
 * memory is written, not added to, by the next backward pass, and only if the result depends on the variable. */
R(hu_var) *R(hu_leaf)(R(hu_tape) *t, REAL *value, REAL *grad, size_t rows, size_t cols);

/* Gradients of `out` [1][1] with respect to every leaf with a gradient. Those of other variables, and what operations take from the tape,
 * are gone once the pass is through with them, unless `tangents` is set. */
hu_status R(hu_backward)(R(hu_tape) *t, R(hu_var) *out, hu_error *err);

/* Forward over reverse, after hu_backward on a tape with `tangents` set: from the tangents of the leaves (given with hu_leaf_tangent) the tangents of all values
 * and of all gradients. The product of the Hessian with the direction is then in the leaves' grad_tangent.
 * May be called again with other tangents: the memory of the last call is used again, and values and gradients stay. */
hu_status R(hu_tangents)(R(hu_tape) *t, R(hu_var) *out, hu_error *err);

/* The direction in which leaf v moves, and where the tangent of its gradient goes: both [rows][cols] or NULL (zero;
 * not wanted). `product` is written, not added to, and only if the gradient of v depends on the direction. */
void R(hu_leaf_tangent)(R(hu_var) *v, REAL *direction, REAL *product);

/* The two halves of hu_tangents, for tests and for functions of more than one value: before hu_pull the tangent of the
 * gradient of a result may be set through hu_gradient_tangent. */
hu_status R(hu_push)(R(hu_tape) *t, hu_error *err);
hu_status R(hu_pull)(R(hu_tape) *t, hu_error *err);

/* Y = X W^T by the tape's policy: the layer's six operands and three accumulators. `layer` < 4096 is its number in
 * the streams of random words. X [N][in], W [out][in] -> [N][out]. `full`: no quantizer and no accumulator. */
R(hu_var) *R(hu_linear)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *w, unsigned layer, bool full);

/* X + b in every row. X [N][C], b [1][C]. */
R(hu_var) *R(hu_bias)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *b);

/* A + B. Both [N][C]. */
R(hu_var) *R(hu_plus)(R(hu_tape) *t, R(hu_var) *a, R(hu_var) *b);

/* x / sqrt(mean(x^2) + epsilon) * gain, by rows. X [N][C], gain [1][C].
 * Source: Zhang and Sennrich, "Root mean square layer normalization", 2019. */
R(hu_var) *R(hu_rmsnorm)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *gain);

/* (x - mean) / sqrt(variance + epsilon) * gain + bias, by rows. X [N][C], gain and bias [1][C].
 * Source: Ba, Kiros, Hinton, "Layer normalization", 2016. Both use epsilon = HU_NORM_EPSILON. */
R(hu_var) *R(hu_layernorm)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *gain, R(hu_var) *bias);

/* x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))). Source: Hendrycks and Gimpel, "Gaussian error linear units". */
R(hu_var) *R(hu_gelu)(R(hu_tape) *t, R(hu_var) *x);

/* silu(a) b, where X [N][2F] holds a in its first F columns and b in its last; silu(a) = a / (1 + exp(-a)).
 * Source: Shazeer, "GLU variants improve transformer", 2020. */
R(hu_var) *R(hu_swiglu)(R(hu_tape) *t, R(hu_var) *x);

/* Rows ids[0 ... n-1] of the table [V][C] -> [n][C]. ids stay valid until the tape is reset. */
R(hu_var) *R(hu_embedding)(R(hu_tape) *t, R(hu_var) *table, const int32_t *ids, size_t n);

/* Causal multi-head attention with rotary positions. QKV [B T][3 C]: queries, keys, values, each H heads of D = C / H
 * columns, D even -> [B T][C]. Channel i of a head is paired with channel i + D / 2 and turned by the angle
 * position * 10000^(-2 i / D). Scores are scaled by 1 / sqrt(D). The policy's attention operands apply; the layer
 * number is that of the block.
 * Source: Su et al., "RoFormer", 2021; Vaswani et al., "Attention is all you need", 2017. */
R(hu_var) *R(hu_attention)(R(hu_tape) *t, R(hu_var) *qkv, size_t heads, size_t positions, unsigned layer);

/* The same with `how`, an OR of HU_CAUSAL (a position attends to itself and those before; else to all), HU_ROTARY (else
 * queries and keys stay as they are, and D need not be even) and HU_ROOT (the weights are the square roots of the softmax, whose
 * squares sum up to 1: the variance of independent values stays as it is. Source: munit Scaling, arXiv 2502.05967). */
R(hu_var) *R(hu_attend)(R(hu_tape) *t, R(hu_var) *qkv, size_t heads, size_t positions, unsigned layer, unsigned how);

/* The mean over rows of logsumexp(row) - row[target] -> [1][1]. Logits [N][V], targets < V. */
R(hu_var) *R(hu_cross_entropy)(R(hu_tape) *t, R(hu_var) *logits, const int32_t *targets);

/* A function of every element: relu, silu x s(x), tanh, or the logistic function s(x) = 1 / (1 + exp(-x)). The slope of
 * relu at 0 is 0. */
R(hu_var) *R(hu_point)(R(hu_tape) *t, R(hu_var) *x, hu_point_kind kind);

/* A B by elements. Both [N][C]. And by columns: X [N][C] times g [1][C] in every row. And times a constant. */
R(hu_var) *R(hu_times)(R(hu_tape) *t, R(hu_var) *a, R(hu_var) *b);
R(hu_var) *R(hu_gain)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *g);
R(hu_var) *R(hu_scale)(R(hu_tape) *t, R(hu_var) *x, double by);

/* Columns first ... first + count - 1. The same elements with other rows and columns. */
R(hu_var) *R(hu_columns)(R(hu_tape) *t, R(hu_var) *x, size_t first, size_t count);
R(hu_var) *R(hu_reshape)(R(hu_tape) *t, R(hu_var) *x, size_t rows, size_t cols);

/* Row t of the table [at least T][C] added to row t of each sequence of X [B T][C]. */
R(hu_var) *R(hu_positions)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *table, size_t positions);

/* sin(x f) and then cos(x f) for the frequencies f = period^(-i / (width / 2)). X [N][1] -> [N][width], width even.
 * Source: Vaswani et al., "Attention is all you need", 2017, section 3.5; of a time: Ho et al., "Denoising diffusion
 * probabilistic models", 2020. */
R(hu_var) *R(hu_sinusoid)(R(hu_tape) *t, R(hu_var) *x, size_t width, double period);

/* The pixels of every window side by side, so that a convolution is hu_linear of it: X [B H W][C] -> [B H' W'][k k C].
 * Pooling: the largest or the mean (over k k pixels, padding among them) of every window, by channels -> [B H' W'][C]. */
R(hu_var) *R(hu_unfold)(R(hu_tape) *t, R(hu_var) *x, const hu_window *w);
R(hu_var) *R(hu_maxpool)(R(hu_tape) *t, R(hu_var) *x, const hu_window *w);
R(hu_var) *R(hu_meanpool)(R(hu_tape) *t, R(hu_var) *x, const hu_window *w);

/* The mean of every `each` rows. X [N][C] -> [N / each][C]. */
R(hu_var) *R(hu_mean_rows)(R(hu_tape) *t, R(hu_var) *x, size_t each);

/* (x - mean) / sqrt(variance + 1e-5) * gain + bias, by columns; mean and (biased) variance are those of the batch, or `given`
 * [2][C]. seen [2][C], where not NULL, receives the batch's mean and unbiased variance. gain and bias [1][C].
 * Source: Ioffe and Szegedy, "Batch normalization", 2015. */
R(hu_var) *R(hu_batchnorm)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *gain, R(hu_var) *bias, const float *given, float *seen);

/* Gates: in every row the softmax of the k largest logits, 0 elsewhere. L [N][E] -> [N][E]. The choice does not move.
 * Source: Shazeer et al., "Outrageously large neural networks", 2017; softmax after the choice as in Jiang et al.,
 * "Mixtral of experts", 2024. */
R(hu_var) *R(hu_topk)(R(hu_tape) *t, R(hu_var) *logits, size_t k);

/* The rows of X whose gate for the expert is not 0 (row 0 where there are none) -> [n][C]; and back: base [N][C] with
 * gate * y added to these rows, where y [n][C] is what the expert made of them. */
R(hu_var) *R(hu_dispatch)(R(hu_tape) *t, R(hu_var) *x, const R(hu_var) *gates, size_t expert);
R(hu_var) *R(hu_combine)(R(hu_tape) *t, R(hu_var) *base, R(hu_var) *y, R(hu_var) *gates, size_t expert);

/* weight E sum over experts of f P -> [1][1]; f: the expert's part of all choices (which does not move), P: the mean of its softmax
 * probability. `weight` for a load in balance. Source: Fedus et al., "Switch transformers", 2021, equations 4 to 6. */
R(hu_var) *R(hu_balance)(R(hu_tape) *t, R(hu_var) *logits, const R(hu_var) *gates, double weight);

/* A diagonal selective state space: X [B T][C]; d, B, C side by side [B T][C + 2 S]; a [C][S] -> [B T][C]. The formulas are in
 * scan.body.h. Source: Gu and Dao, "Mamba", 2023, algorithm 2 (B by Euler's rule, A by exp). */
R(hu_var) *R(hu_scan)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *dbc, R(hu_var) *a, size_t positions);

/* Every channel of every sequence convolved with its K weights, of which the last one meets the same position: X [B T][C],
 * w [C][K], bias [1][C]. In the carrier. */
R(hu_var) *R(hu_causal_conv)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *w, R(hu_var) *bias, size_t positions);

/* The mean over all elements of (x - value)^2 -> [1][1]; and over rows of log(1 + exp(x)) - target x, X [N][1], targets 0 or 1. */
R(hu_var) *R(hu_mean_square)(R(hu_tape) *t, R(hu_var) *x, const float *values);
R(hu_var) *R(hu_logistic)(R(hu_tape) *t, R(hu_var) *x, const int32_t *targets);

/* What an operation keeps of its input for the backward pass: x->value, or, where the policy of the last linear layer before it has
 * HU_P_SAVED, these values on its grid; NULL when that failed. */
const REAL *R(hu_keep)(R(hu_tape) *t, const R(hu_var) *x);

/* x times `forward`; its gradient is that of the result times `backward`, whatever `forward` is (unit scaling). With a forward of 1
 * the result's value is that of x, in x's memory. */
R(hu_var) *R(hu_unit)(R(hu_tape) *t, R(hu_var) *x, double forward, double backward);

/* x w^T times `by`. The factor comes after the product of the policy's operands, forward and in both products backward, so that
 * the operands keep the size that they have (munit scaling: by = 1 / sqrt(columns)). */
R(hu_var) *R(hu_multiplied)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *w, double by, unsigned layer, bool full);

/* For the operations: a variable with room for its value (and gradient, when recording); a node for it, whose rule is
 * a static const; memory; the gradient to add to, zeroed when this is the first addition (NULL: none is wanted); and
 * the note that an operation failed, which returns NULL. */
R(hu_var)  *R(hu_var_new)(R(hu_tape) *t, size_t rows, size_t cols);
R(hu_node) *R(hu_node_new)(R(hu_tape) *t, R(hu_var) *out, const R(hu_rule) *rule);
REAL       *R(hu_take)(R(hu_tape) *t, size_t n);
REAL       *R(hu_gradient)(R(hu_var) *v);

/* The same memory as it is, for an operation that writes all of it where has_grad is false, and then sets has_grad. */
REAL       *R(hu_gradient_room)(R(hu_var) *v);

/* For push and pull: the tangent of v's value and of v's gradient to read from, zeros where there is none; where push
 * writes the tangent of a result; and the gradient's tangent to add to, zeroed when this is the first addition. Each
 * is NULL when the tape is out of memory, the last one also when v wants no gradient. */
const REAL *R(hu_tangent)(R(hu_tape) *t, const R(hu_var) *v);
const REAL *R(hu_gradient_moves)(R(hu_tape) *t, const R(hu_var) *v);
REAL       *R(hu_tangent_new)(R(hu_tape) *t, R(hu_var) *v);
REAL       *R(hu_gradient_tangent)(R(hu_tape) *t, R(hu_var) *v);

/* The `step` for the streams of quantizers of tangents: apart from those of values, while steps stay below 2^31. */
uint64_t    R(hu_tangent_step)(const R(hu_tape) *t);
void       *R(hu_stick)(R(hu_tape) *t, hu_status status, const char *text);

/* C [m][n] = A B (+ C where `add`); the shape's transpositions as in src/kernel. Split into blocks of rows by shape. */
void R(hu_matmul)(R(hu_tape) *t, REAL *c, const REAL *a, const REAL *b, hu_gemm_shape shape, bool add);
