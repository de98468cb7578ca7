/* One step of an LSTM, forward and backward, in the precision REAL. Included once for each precision, with
 * STEP as the name of the function. N is the batch, I the input size, H the hidden size; the gates are stored
 * in the order i, f, g, o, as PyTorch stores them. Arrays are row by row.
 */

static void STEP(long N, long I, long H,
                 const REAL *x, const REAL *h0, const REAL *c0,             /* (N, I), (N, H), (N, H) */
                 const REAL *w_ih, const REAL *w_hh,                        /* (4H, I), (4H, H) */
                 const REAL *b_ih, const REAL *b_hh,                        /* (4H), or NULL */
                 REAL *h, REAL *c,                                          /* the results, (N, H) */
                 const REAL *dh, const REAL *dc,                            /* their cotangents */
                 REAL *dx, REAL *dh0, REAL *dc0, REAL *dw_ih, REAL *dw_hh,  /* the gradients, all zero; */
                 REAL *db)                                                  /* db is that of either bias */
{
    REAL *z = malloc(sizeof(REAL) * 4 * (H ? H : 1)); /* the gates of one row, then their gradients */
    for (long n = 0; n < N; n++, x += I, h0 += H, c0 += H, h += H, c += H, dh += H, dc += H, dx += I, dh0 += H,
              dc0 += H) {
        /* forward */
        for (long r = 0; r < 4 * H; r++) {
            REAL from_x = b_ih ? b_ih[r] : 0, from_h = b_hh ? b_hh[r] : 0;
            for (long k = 0; k < I; k++) from_x += w_ih[r * I + k] * x[k];
            for (long k = 0; k < H; k++) from_h += w_hh[r * H + k] * h0[k];
            z[r] = from_x + from_h;
        }
        for (long j = 0; j < H; j++) {
            REAL *zi = z + GATE_I * H + j, *zf = z + GATE_F * H + j;
            REAL *zg = z + GATE_G * H + j, *zo = z + GATE_O * H + j;
            REAL i = 1 / (1 + exp(-*zi)), f = 1 / (1 + exp(-*zf)), g = tanh(*zg), o = 1 / (1 + exp(-*zo));
            c[j] = f * c0[j] + i * g;
            REAL t = tanh(c[j]);
            h[j] = o * t;

            /* backward to the gates */
            REAL to_c = dc[j] + dh[j] * o * (1 - t * t);
            dc0[j] = to_c * f;
            *zi = to_c * g * i * (1 - i);
            *zf = to_c * c0[j] * f * (1 - f);
            *zg = to_c * i * (1 - g * g);
            *zo = dh[j] * t * o * (1 - o);
        }
        /* backward to the data and the parameters; those of all rows are added */
        for (long r = 0; r < 4 * H; r++) {
            db[r] += z[r];
            for (long k = 0; k < I; k++) {
                dx[k] += z[r] * w_ih[r * I + k];
                dw_ih[r * I + k] += z[r] * x[k];
            }
            for (long k = 0; k < H; k++) {
                dh0[k] += z[r] * w_hh[r * H + k];
                dw_hh[r * H + k] += z[r] * h0[k];
            }
        }
    }
    free(z);
}
