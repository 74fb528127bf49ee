// A list of jobs for the addon, of which a bounded number are put to it at a time.
import { loadAddon } from './addon.ts';

/** Does `work` on every item, in order of results, with a few more under way than there are threads. */
export async function mapSome<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  const entries = items.entries(); // shared: whoever is free takes the next
  const take = async (): Promise<void> => {
    for (const [index, item] of entries) results[index] = await work(item);
  };
  const workers = Math.min(items.length, 4 * loadAddon().threads());
  await Promise.all(Array.from({ length: workers }, take));
  return results;
}
