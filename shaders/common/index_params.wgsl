// Entry k of the run-time numbers that index expressions are made of.
fn q(k: u32) -> u32 {
  return params.q[k >> 2u][k & 3u];
}
