/** A plain record as text, equal for equal records only: JSON in which all numbers differ. */
export function keyOf(record: unknown): string {
  return JSON.stringify(record, (_name, value: unknown) =>
    typeof value === 'number' ? (Object.is(value, -0) ? '-0' : String(value)) : value,
  );
}
