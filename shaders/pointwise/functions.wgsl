// Functions of one F (f32 or vec4f) that builtins lack, or give with too few digits: drivers may
// compute log near 1, tanh near 0 and the inverse functions with an absolute error. The polynomials
// are those of the Cephes library; each holds about 3e-7 of the result.

const LN2 = 0.6931471805599453;
const HALF_PI = 1.5707963267948966;
const NAN_BITS = 0x7fc00000u;
const INFINITY_BITS = 0x7f800000u;

// What is not finite: WGSL refuses it in constant expressions, which this is not.
fn math_bits(bits: u32) -> F {
  return bitcast<F>(U(bits));
}

fn math_sign_of(magnitude: F, x: F) -> F {
  return select(magnitude, -magnitude, x < F(0.0));
}

// log of m in [√½, √2): 2 artanh((m − 1) / (m + 1)).
fn math_log_mantissa(m: F) -> F {
  let s = (m - F(1.0)) / (m + F(1.0));
  let z = s * s;
  let p = ((F(0.1111111) * z + F(0.1428571)) * z + F(0.2)) * z + F(0.33333333);
  return F(2.0) * s + F(2.0) * s * z * p;
}

// The e of x = m · 2^e with m in [√½, √2); x is positive and normal.
fn math_exponent(x: F) -> I {
  return (bitcast<I>(x) - I(0x3f3504f3)) >> U(23u);
}

fn math_mantissa(x: F, e: I) -> F {
  return bitcast<F>(bitcast<I>(x) - (e << U(23u)));
}

fn math_log(x: F) -> F {
  let e = math_exponent(x);
  let scale = F(e);
  // ln 2 in two parts, of which the first has zeros at its end: its product with e is exact.
  let tail = scale * F(-2.12194440e-4) + math_log_mantissa(math_mantissa(x, e));
  let y = scale * F(0.693359375) + tail;
  let bits = bitcast<U>(x);
  let finite = select(y, x, bits >= U(INFINITY_BITS));
  let known = select(finite, math_bits(NAN_BITS), x < F(0.0));
  return select(known, -math_bits(INFINITY_BITS), x == F(0.0));
}

// log(1 + e) for e in [0, 1].
fn math_log1p_unit(e: F) -> F {
  let s = e / (F(2.0) + e);
  let z = s * s;
  let high = ((F(0.06666667) * z + F(0.07692308)) * z + F(0.09090909)) * z + F(0.11111111);
  let p = ((high * z + F(0.14285714)) * z + F(0.2)) * z + F(0.33333333);
  return F(2.0) * s + F(2.0) * s * z * p;
}

fn math_softplus(x: F) -> F {
  return select(x, F(0.0), x < F(0.0)) + math_log1p_unit(exp(-abs(x)));
}

fn math_tanh_small(x: F) -> F {
  let z = x * x;
  let high = (F(-5.70498872745e-3) * z + F(2.06390887954e-2)) * z - F(5.37397155531e-2);
  return x + x * z * ((high * z + F(1.33314422036e-1)) * z - F(3.33332819422e-1));
}

fn math_tanh(x: F) -> F {
  let a = abs(x);
  let e = exp(F(2.0) * select(a, F(10.0), a > F(10.0)));
  let large = math_sign_of(F(1.0) - F(2.0) / (e + F(1.0)), x);
  return select(large, math_tanh_small(x), a < F(0.625));
}

fn math_expm1(x: F) -> F {
  let t = math_tanh_small(F(0.5) * x);
  return select(exp(x) - F(1.0), F(2.0) * t / (F(1.0) - t), abs(x) < F(0.5));
}

fn math_elu(x: F, alpha: F) -> F {
  return select(alpha * math_expm1(x), x, x > F(0.0));
}

// erf by N. Juffa: a polynomial near 0, and 1 − exp of one elsewhere.
fn math_erf(x: F) -> F {
  let t = abs(x);
  let s = x * x;
  let low = ((F(-5.96761703e-4) * s + F(4.99119423e-3)) * s - F(2.67681349e-2)) * s;
  let near = ((low + F(1.12819925e-1)) * s - F(3.76125336e-1)) * s + F(1.28379166e-1);
  let c = select(t, F(4.0), t > F(4.0)); // beyond, 1 in float32
  let high = (F(-1.72853470e-5) * c + F(3.83197126e-4)) * (c * c);
  let middle = (high + F(-3.88396438e-3) * c + F(2.42546219e-2)) * c - F(1.06777877e-1);
  let far = ((middle * c - F(6.34846687e-1)) * c - F(1.28717512e-1)) * c - c;
  return select(math_sign_of(F(1.0) - exp(far), x), x + x * near, t <= F(0.927734375));
}

fn math_asin_small(x: F) -> F {
  let z = x * x;
  let high = (F(4.2163199048e-2) * z + F(2.4181311049e-2)) * z + F(4.5470025998e-2);
  return x + x * z * ((high * z + F(7.4953002686e-2)) * z + F(1.6666752422e-1));
}

fn math_asin(x: F) -> F {
  let a = abs(x);
  let far = F(HALF_PI) - F(2.0) * math_asin_small(sqrt(F(0.5) * (F(1.0) - a)));
  return select(math_sign_of(far, x), math_asin_small(x), a <= F(0.5));
}

fn math_acos(x: F) -> F {
  let a = abs(x);
  let far = F(2.0) * math_asin_small(sqrt(F(0.5) * (F(1.0) - a)));
  let near = F(HALF_PI) - math_asin_small(x);
  return select(select(far, F(2.0 * HALF_PI) - far, x < F(0.0)), near, a <= F(0.5));
}

fn math_atan(x: F) -> F {
  let a = abs(x);
  let isLarge = a > F(2.414213562373095); // tan(3π/8)
  let isMiddle = a > F(0.414213562373095); // tan(π/8)
  let middle = select(a, (a - F(1.0)) / (a + F(1.0)), isMiddle);
  let t = select(middle, F(-1.0) / a, isLarge);
  let turn = select(select(F(0.0), F(0.5 * HALF_PI), isMiddle), F(HALF_PI), isLarge);
  let z = t * t;
  let high = (F(8.05374449538e-2) * z - F(1.38776856032e-1)) * z + F(1.99777106478e-1);
  return math_sign_of(turn + (t + t * z * (high * z - F(3.33329491539e-1))), x);
}

fn math_sinh(x: F) -> F {
  let a = abs(x);
  let e = exp(F(0.5) * a); // half the exponent: exp(a) may overflow where sinh does not
  let large = F(0.5) * e * e - F(0.5) / e / e;
  let z = x * x;
  let p = (F(2.03721912945e-4) * z + F(8.33028376239e-3)) * z + F(1.66667160211e-1);
  return select(math_sign_of(large, x), x + x * z * p, a < F(1.0));
}

fn math_cosh(x: F) -> F {
  let e = exp(F(0.5) * abs(x));
  return F(0.5) * e * e + F(0.5) / e / e;
}

fn math_asinh(x: F) -> F {
  let a = abs(x);
  let isHuge = a > F(1.0e9);
  let inner = select(a + sqrt(a * a + F(1.0)), a, isHuge);
  let large = math_log(inner) + select(F(0.0), F(LN2), isHuge);
  let z = x * x;
  let high = (F(2.0122003309e-2) * z - F(4.2699340972e-2)) * z + F(7.4847586088e-2);
  return select(math_sign_of(large, x), x + x * z * (high * z - F(1.6666288134e-1)), a < F(0.5));
}

fn math_acosh(x: F) -> F {
  let t = x - F(1.0);
  let isHuge = x > F(1.0e9);
  let inner = select(x + sqrt(t * (x + F(1.0))), x, isHuge);
  let large = math_log(inner) + select(F(0.0), F(LN2), isHuge);
  let high = (F(1.7596881071e-3) * t - F(7.5272886713e-3)) * t + F(2.6454905019e-2);
  let near = sqrt(t) * ((high * t - F(1.1784741703e-1)) * t + F(1.4142135263));
  return select(large, near, t < F(0.5));
}

fn math_atanh(x: F) -> F {
  let a = abs(x);
  let large = F(0.5) * math_log((F(1.0) + a) / (F(1.0) - a));
  let z = x * x;
  let high = (F(1.81740078349e-1) * z + F(8.24370301058e-2)) * z + F(1.46691431730e-1);
  let near = x + x * z * ((high * z + F(1.99782164500e-1)) * z + F(3.33337300303e-1));
  return select(math_sign_of(large, x), near, a < F(0.5));
}

// 2^n for whole n, 0 and infinity where it is none of float32.
fn math_exp2_whole(n: F) -> F {
  let raised = clamp(n, F(-127.0), F(128.0)) + F(127.0);
  return bitcast<F>(I(raised) << U(23u));
}

// a^b for a > 0: 2^(b e) · exp(b log m), the whole part of b e apart, which has no rounding error.
fn math_pow_positive(a: F, b: F) -> F {
  let e = math_exponent(a);
  let turns = b * F(e);
  let whole = clamp(round(turns), F(-250.0), F(250.0));
  let half = floor(F(0.5) * whole);
  let rest = (turns - whole) * F(LN2) + b * math_log_mantissa(math_mantissa(a, e));
  return exp(rest) * math_exp2_whole(half) * math_exp2_whole(whole - half);
}

fn math_is_nan(x: F) -> I {
  return select(I(0), I(1), (bitcast<U>(x) & U(0x7fffffffu)) > U(INFINITY_BITS));
}

// a^b for any operands, as C has it: NaN for a negative base and a broken exponent.
fn math_pow(a: F, b: F) -> F {
  let base = abs(a);
  let magnitude = math_pow_positive(base, b);
  let ofZero = select(F(0.0), math_bits(INFINITY_BITS), b < F(0.0));
  let ofInfinity = select(math_bits(INFINITY_BITS), F(0.0), b < F(0.0));
  let isInfinite = bitcast<U>(base) == U(INFINITY_BITS);
  let known = select(select(magnitude, ofInfinity, isInfinite), ofZero, base == F(0.0));
  let isWhole = floor(b) == b;
  let isOdd = isWhole & (floor(F(0.5) * b) * F(2.0) != b);
  let ofNegative = select(known, -known, isOdd);
  let signed = select(known, select(math_bits(NAN_BITS), ofNegative, isWhole), a < F(0.0));
  let isNan = (math_is_nan(a) | math_is_nan(b)) != I(0);
  return select(select(signed, a + b, isNan), F(1.0), (b == F(0.0)) | (a == F(1.0)));
}

// a^b of integers by squaring; 0 for negative b, unless a is ±1.
fn math_pow_whole(a: I, b: I) -> I {
  var result = I(1);
  var square = a;
  var left = select(b, (-b) & I(1), b < I(0));
  for (var bit = 0; bit < 31; bit++) {
    result = select(result, result * square, (left & I(1)) != I(0));
    square = square * square;
    left = left >> U(1u);
  }
  let isUnit = (a == I(1)) | (a == I(-1));
  return select(result, I(0), (b < I(0)) & !isUnit);
}

// a − b · trunc(a / b), with the sign of a.
fn math_fmod(a: F, b: F) -> F {
  let d = abs(b);
  let x = abs(a);
  var r = x - d * floor(x / d);
  // The quotient may have been rounded over a whole number, to either side.
  r = select(r, r + d, r < F(0.0));
  r = select(r, r - d, r >= d);
  return math_sign_of(select(r, x, x < d), a);
}

// The remainder with the sign of b, as Python has it.
fn math_mod(a: F, b: F) -> F {
  let r = math_fmod(a, b);
  return select(r, r + b, (r != F(0.0)) & ((r < F(0.0)) != (b < F(0.0))));
}

fn math_mod_whole(a: I, b: I) -> I {
  let r = a % b;
  return select(r, r + b, (r != I(0)) & ((r < I(0)) != (b < I(0))));
}
