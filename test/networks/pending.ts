// Families that cannot be read yet, and what the importer says of them. The tests hold an entry to be
// true, so that it goes when the family works.
import type { FamilyName } from './families.ts';

export const PENDING: Partial<Record<FamilyName, RegExp>> = {};
