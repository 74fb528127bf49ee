// The mean of what was measured on some images, and how far it may be from the mean over all there are.

export interface Mean {
  readonly value: number;
  /** Standard error: the sample's standard deviation over √n; null for fewer than two. */
  readonly error: number | null;
}

/** The mean of the numbers among `values`; null when there are none. */
export function meanOf(values: readonly (number | null)[]): Mean | null {
  const known = values.filter((value) => value !== null);
  const { length: n } = known;
  if (n === 0) return null;
  const value = known.reduce((sum, each) => sum + each, 0) / n;
  const squares = known.reduce((sum, each) => sum + (each - value) ** 2, 0);
  return { value, error: n === 1 ? null : Math.sqrt(squares / (n - 1) / n) };
}
