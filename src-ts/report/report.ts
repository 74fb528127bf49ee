// `deepfool report`: the page over a folder of experiments, as a file.
import { join } from 'node:path';
import { replaceFile, requireWritable } from '../data/output-file.ts';
import { renderPage } from './page/page.ts';
import { readResults } from './result-file.ts';

export interface ReportOptions {
  /** The file of the page. Default: `report.html` in the folder. */
  readonly out?: string;
}

/**
 * Writes one self-contained HTML page over the experiments of a folder; returns its path.
 * @throws DataError that names a file which is missing or corrupt, OutputError when the page cannot be written.
 */
export async function writeReport(folder: string, options: ReportOptions = {}): Promise<string> {
  const files = await readResults(folder);
  const path = options.out ?? join(folder, 'report.html');
  await requireWritable(path);
  const page = await renderPage(folder, files);
  await replaceFile(path, [Buffer.from(page)]);
  return path;
}
