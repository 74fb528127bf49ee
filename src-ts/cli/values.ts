// Option values as text to values as the library takes them; ranges are the library's to check.
import { InvalidArgumentError } from 'commander';

export function parseNumber(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (Number.isNaN(value)) throw new InvalidArgumentError('Expected a number.');
  return value;
}

export function parseWhole(text: string): number {
  const value = parseNumber(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError('Expected a whole number.');
  return value;
}

/** A whole number of at least 1. */
export function parseCount(text: string): number {
  const value = parseWhole(text);
  if (value < 1) throw new InvalidArgumentError('Expected a whole number of at least 1.');
  return value;
}

export function parseNorm(text: string): number {
  if (/^(inf|infinity|∞)$/i.test(text.trim())) return Infinity;
  const value = text.trim() === '' ? NaN : Number(text);
  if (!(value >= 1)) throw new InvalidArgumentError('Expected a number of at least 1, or inf.');
  return value;
}

export function parseCandidates(text: string): number | 'all' {
  return text.trim() === 'all' ? 'all' : parseWhole(text);
}

/** `0.485,0.456,0.406` */
export function parseList(text: string): number[] {
  return text.split(',').map(parseNumber);
}

export function parseBounds(text: string): [number, number] {
  const [low, high, ...rest] = parseList(text);
  if (low === undefined || high === undefined || rest.length > 0) {
    throw new InvalidArgumentError('Expected two numbers: lowest,highest.');
  }
  return [low, high];
}
