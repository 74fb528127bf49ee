// What every experiment writes as NAME.json, and all that pages over a folder of experiments know of it: facts
// of the run, tables with what their columns mean, figures, grids of images. A page names no experiment.
export interface ExperimentResult extends RunFacts {
  /** Its name on the command line, and the stem of its files. */
  readonly experiment: string;
  readonly title: string;
  /** What is measured and how to read it, in a sentence or two. */
  readonly abstract: string;
  /** Where the numbers beside ours are from. */
  readonly paper: string;
  readonly settings: Readonly<Record<string, ResultCell>>;
  /** What was assumed, left out or found, in sentences. */
  readonly notes: readonly string[];
  readonly tables: readonly ResultTable[];
  readonly figures: readonly ResultFigure[];
  readonly grids: readonly ImageGrid[];
}

export interface RunFacts {
  /** Whether subsets were taken that minutes are enough for. */
  readonly quick: boolean;
  /** Of this package. */
  readonly version: string;
  readonly device: string;
  /** Name and hash of the table that kernel variants came from. */
  readonly tuning: string;
  /** Seeds by what they are for, or why there are none. */
  readonly seeds: string;
}

export type ResultCell = string | number | boolean | null;

export interface ResultTable {
  /** The stem of its CSV file. */
  readonly name: string;
  readonly title: string;
  /** What is shown, in this order; the first column names the row. */
  readonly columns: readonly ResultColumn[];
  /** Rows may hold more than is shown; the CSV file has it all. */
  readonly rows: readonly Readonly<Record<string, ResultCell>>[];
}

export interface ResultColumn {
  readonly key: string;
  readonly title: string;
  readonly unit?: string;
  /** Significant digits; 4 unless told. */
  readonly digits?: number;
  /** What the numbers are, for readers who wonder. */
  readonly meaning?: string;
  /** Key of the paper's number in the same row: shown beside ours, with ours / paper's. */
  readonly paper?: string;
}

export interface ResultFigure {
  /** SVG or PNG, relative to the experiment's folder. */
  readonly file: string;
  readonly caption: string;
  /** What is seen, for those who cannot see it. */
  readonly alt: string;
}

export interface ImageGrid {
  readonly title: string;
  readonly caption: string;
  /** Headings of the columns. */
  readonly columns: readonly string[];
  readonly rows: readonly GridRow[];
}

export interface GridRow {
  readonly title: string;
  /** One for each column; null leaves a place empty. */
  readonly tiles: readonly (GridTile | null)[];
}

export interface GridTile {
  /** PNG, relative to the experiment's folder, in the image's own pixels. */
  readonly file: string;
  /** A few words below the image; may be empty. */
  readonly caption: string;
  readonly alt: string;
}
