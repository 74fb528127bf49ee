// Finds the fastest variant for each class of work in a graph. A convolution or product is taken out of the
// graph and runs by itself on random numbers, all rows live, once with every variant; the distinct ones of
// one class run together, each as often as the graph has it.
import { KernelCompileError, OutOfMemoryError } from '../../core/errors.ts';
import { keyOf } from '../../core/key.ts';
import { uniformAt } from '../../core/random.ts';
import { elementCount, resolveShape, type Extents } from '../../core/shape.ts';
import { tensor, type Tensor } from '../../core/tensor.ts';
import { typeOf, type Graph, type Node } from '../../graph/graph.ts';
import { pruneGraph } from '../../graph/prune.ts';
import type { Choice } from '../../kernels/kernel.ts';
import { GraphBuilder, mapInputs } from '../../ops/builder.ts';
import { secondsOfCall, timesFor } from './call-timing.ts';
import type { WebGpuExecutor } from './index.ts';
import type { WebGpuProgram } from './program.ts';
import { race, type Candidate, type RaceResult } from './race.ts';

/** What a class of work was found to be done best by. */
export interface TunedClass extends RaceResult {
  readonly class: string;
  /** The variant of the lowering's rule. */
  readonly rule: string;
  /** Nodes of the graph that do such work. */
  readonly nodes: number;
}

/** A node as a graph of its own. */
interface Work {
  readonly graph: Graph;
  /** The graph's nodes that are equal to it. */
  count: number;
}

interface ClassOfWork {
  readonly choice: Choice;
  readonly works: Work[];
}

const TUNABLE: readonly Node['kind'][] = ['matmul', 'conv', 'conv_input_grad'];
const SAMPLE_SECONDS = 0.02; // of CPU time: twenty ticks of its clock

export interface TuneSettings {
  /** Seconds after which no further class is begun; none by default. */
  readonly seconds?: number;
  /** Hears of each class as it is done, and how many there are. */
  readonly onClass?: (tuned: TunedClass, done: number, total: number) => void;
}

export interface TunedGraph {
  readonly tuned: readonly TunedClass[];
  /** Classes that there was no time for. */
  readonly left: readonly string[];
}

/** Races the variants of every class of work in `graph` at `capacity`, those with the most work first. */
export async function tuneGraph(
  executor: WebGpuExecutor,
  graph: Graph,
  capacity: Extents,
  { seconds = Infinity, onClass = () => undefined }: TuneSettings = {},
): Promise<TunedGraph> {
  const untuned = executor.withTuning({ name: 'rules', entries: {} });
  const classes = classesOf(untuned, pruneGraph(graph), capacity);
  const end = performance.now() + 1000 * seconds;
  const tuned: TunedClass[] = [];
  for (const { choice, works } of classes) {
    if (performance.now() >= end) break;
    const { class: name, variant: rule } = choice;
    const nodes = works.reduce((sum, { count }) => sum + count, 0);
    const outcome = await raceVariants(untuned, choice, works, capacity);
    tuned.push({ class: name, rule, nodes, ...outcome });
    onClass(tuned.at(-1)!, tuned.length, classes.length);
  }
  return { tuned, left: classes.slice(tuned.length).map(({ choice }) => choice.class) };
}

function classesOf(executor: WebGpuExecutor, graph: Graph, capacity: Extents): ClassOfWork[] {
  const works = new Map<string, Work>();
  for (const node of graph.nodes.filter(({ kind }) => TUNABLE.includes(kind))) {
    const key = keyOf([node.kind, node.attrs, operandsOf(graph, node)]);
    const known = works.get(key);
    if (known === undefined) works.set(key, { graph: isolate(graph, node), count: 1 });
    else known.count++;
  }
  const classes = new Map<string, ClassOfWork>();
  for (const work of works.values()) {
    const choice = executor.choicesOf(work.graph, capacity).find((each) => each !== undefined);
    if (choice === undefined || choice.variants.length < 2) continue;
    const known = classes.get(choice.class);
    if (known === undefined) classes.set(choice.class, { choice, works: [work] });
    else known.works.push(work);
  }
  const flopsOf = ({ works }: ClassOfWork): number =>
    works.reduce((sum, work) => sum + work.count * flopsIn(executor, work.graph, capacity), 0);
  const sized = [...classes.values()].map((each) => ({ each, flops: flopsOf(each) }));
  return sized.sort((a, b) => b.flops - a.flops).map(({ each }) => each);
}

const flopsIn = (executor: WebGpuExecutor, graph: Graph, capacity: Extents): number =>
  executor.describe(graph, { capacity }).calls.reduce((sum, { flops }) => sum + flops, 0);

const operandsOf = (graph: Graph, node: Node): unknown =>
  mapInputs(node.inputs as never, (id) => [typeOf(graph, id), graph.constants.has(id)]);

/** A node alone: its constants stay, what else it reads are inputs, and `y` is what it makes. */
function isolate(graph: Graph, { kind, inputs, attrs, label }: Node): Graph {
  const builder = new GraphBuilder();
  const own = mapInputs(inputs as never, (id, name) => {
    const constant = graph.constants.get(id);
    return constant === undefined
      ? builder.input(name, typeOf(graph, id))
      : builder.constant(constant);
  });
  builder.output('y', builder.emit(kind, own, attrs, label));
  return builder.finish();
}

async function raceVariants(
  executor: WebGpuExecutor,
  choice: Choice,
  works: readonly Work[],
  capacity: Extents,
): Promise<RaceResult> {
  const entrant = (variant: string): Promise<Entrant> =>
    Entrant.create(executor, choice.class, variant, works, capacity);
  const reference = await entrant(choice.variant);
  const rivals = choice.variants
    .filter((variant) => variant !== choice.variant)
    .map((variant) => ({ variant, enter: () => entrant(variant).catch(nullIfRefused) }));
  try {
    return await race(reference, rivals);
  } finally {
    reference.dispose();
  }
}

/** The device refuses a kernel, or has no memory for it: the others may still race. */
function nullIfRefused(error: unknown): null {
  if (error instanceof KernelCompileError || error instanceof OutOfMemoryError) return null;
  throw error;
}

interface CompiledWork {
  readonly program: WebGpuProgram;
  /** The call that the variant makes. */
  readonly at: number;
  readonly count: number;
  /** Dispatches of a sample; 0 before the first. */
  times: number;
}

/** One variant and the programs of a class that are made with it. */
class Entrant implements Candidate {
  readonly variant: string;
  readonly #software: boolean;
  readonly #works: readonly CompiledWork[];

  private constructor(variant: string, software: boolean, works: readonly CompiledWork[]) {
    this.variant = variant;
    this.#software = software;
    this.#works = works;
  }

  static async create(
    executor: WebGpuExecutor,
    name: string,
    variant: string,
    works: readonly Work[],
    capacity: Extents,
  ): Promise<Entrant> {
    const own = executor.withTuning({ name: variant, entries: { [name]: variant } });
    const compiled: CompiledWork[] = [];
    const entrant = new Entrant(variant, executor.info.software, compiled);
    try {
      for (const { graph, count } of works) {
        const program = await own.compile(graph, { capacity });
        const at = own.choicesOf(graph, capacity).findIndex((each) => each?.class === name);
        compiled.push({ program, at, count, times: 0 });
        fillInputs(program, graph, capacity);
      }
      return entrant;
    } catch (error) {
      entrant.dispose();
      throw error;
    }
  }

  async results(): Promise<readonly Tensor[]> {
    const results: Tensor[] = [];
    for (const { program } of this.#works) {
      program.run();
      results.push((await program.read(['y']))['y']!);
    }
    return results;
  }

  async sample(): Promise<number> {
    let seconds = 0;
    const software = this.#software;
    for (const work of this.#works) {
      const { program, at, count } = work;
      if (work.times === 0) work.times = await timesFor(program, at, SAMPLE_SECONDS, software);
      const spent = await secondsOfCall(program, at, work.times, software);
      seconds += (count * spent) / work.times;
    }
    return seconds;
  }

  dispose(): void {
    for (const { program } of this.#works) program.dispose();
  }
}

/** Numbers in [−½, ½), the same for every variant; all rows live. */
function fillInputs(program: WebGpuProgram, graph: Graph, capacity: Extents): void {
  for (const [at, { name, id }] of graph.inputs.entries()) {
    const type = typeOf(graph, id);
    const shape = resolveShape(type.shape, capacity);
    program.write(name, tensor('float32', shape, noise(elementCount(shape), at)));
    for (const dim of type.shape) {
      if (typeof dim !== 'number') program.setExtent(dim.symbol, capacity[dim.symbol]!);
    }
  }
}

const PERIOD = 65_521; // a prime: no row of a tensor is as long

/** Random numbers that repeat: a large tensor takes longer to draw than to compute with. */
function noise(count: number, key: number): Float32Array {
  const data = new Float32Array(count);
  const drawn = Math.min(count, PERIOD);
  for (let i = 0; i < drawn; i++) data[i] = uniformAt([0, key], i) - 0.5;
  for (let filled = PERIOD; filled < count; filled += PERIOD) {
    data.set(data.subarray(0, Math.min(PERIOD, count - filled)), filled);
  }
  return data;
}
