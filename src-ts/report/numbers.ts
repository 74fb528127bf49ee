// How numbers are written: files hold the shortest decimal that reads back to the same float32, text
// for people four significant digits.

/** The shortest decimal with the same float32 value; null for NaN and infinities. */
export function shortest(value: number): number | null {
  if (!Number.isFinite(value)) return null;
  if (Number.isInteger(value)) return value;
  const single = Math.fround(value);
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(single.toPrecision(digits));
    if (Math.fround(short) === single) return short;
  }
  return Number(single.toPrecision(9)); // nine digits always tell float32 apart
}

/** `0.1234`, `1.2e-5`; `–` for what is not known. */
export function formatNumber(value: number | null, digits = 4): string {
  if (value === null) return '–';
  const text = Number(value.toPrecision(digits));
  const small = text !== 0 && Math.abs(text) < 1e-4;
  return small ? text.toExponential() : String(text);
}

/** `97.5 %`. */
export function formatPercent(share: number | null): string {
  return share === null ? '–' : `${formatNumber(share * 100, 3)} %`;
}

/** `1 image`, `12 images`. */
export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${n} ${n === 1 ? noun : plural}`;
}

/** `2`, `1.5` or `inf`: a norm as the command line takes it. */
export function formatNorm(norm: number): string {
  return norm === Infinity ? 'inf' : String(norm);
}

/** `512 B`, `1.23 MB`: powers of 1000. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  return `${formatNumber(bytes / 1000 ** power, 3)} ${units[power]!}`;
}
