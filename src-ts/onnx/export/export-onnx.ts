// Writes a graph as an ONNX model, so that any runtime in any language can run it: the network as it
// was imported, its gradients, an attack's step. Each op becomes one ONNX node or a few; open
// dimensions keep their names.
import { UnsupportedOpError, type UnsupportedNode } from '../../core/errors.ts';
import { typeOf, type Graph, type Node } from '../../graph/graph.ts';
import type { OpKind, ValueId } from '../../graph/op-set.ts';
import { mapInputs } from '../../ops/builder.ts';
import { ExportContext, ExportRefusal, portDim, type Named } from './export-context.ts';
import type { ExportRule } from './export-rule.ts';
import { ModelWriter } from './model-writer.ts';
import { exportRules } from './rules.ts';

const OPSET = 17;
const IR_VERSION = 8;

export interface ExportOptions {
  /** What the graph in the file, and errors, are called. Default: `graph`. */
  readonly name?: string;
}

/**
 * The bytes of an ONNX model that computes `graph`.
 * @throws UnsupportedOpError listing every node that has no ONNX form.
 */
export function exportOnnx(graph: Graph, { name = 'graph' }: ExportOptions = {}): Uint8Array {
  return new Exporter(graph, name).run();
}

class Exporter {
  readonly #graph: Graph;
  readonly #name: string;
  readonly #writer: ModelWriter;
  readonly #context: ExportContext;
  readonly #names = new Map<ValueId, string>();

  constructor(graph: Graph, name: string) {
    this.#graph = graph;
    this.#name = name;
    this.#writer = new ModelWriter({
      producer: 'deepfool-webgpu',
      opset: OPSET,
      irVersion: IR_VERSION,
      graphName: name,
    });
    this.#context = new ExportContext(this.#writer);
  }

  run(): Uint8Array {
    const { inputs, outputs, constants, nodes } = this.#graph;
    for (const { name } of outputs) this.#writer.uniqueName(name);
    for (const { name, id } of inputs) this.#writeInput(name, id);
    for (const [id, tensor] of constants) this.#bind(id, this.#context.store('weight', tensor));
    this.#writeNodes(nodes);
    this.#context.beginNode('');
    for (const { name, id } of outputs) this.#writeOutput(name, id);
    return this.#writer.finish();
  }

  #writeInput(name: string, id: ValueId): void {
    const { dtype, shape } = typeOf(this.#graph, id);
    this.#writer.uniqueName(name);
    this.#writer.input(name, dtype, shape.map(portDim));
    this.#bind(id, name);
  }

  /** Outputs have the names they have in the graph, also where a value is an input or put out twice. */
  #writeOutput(name: string, id: ValueId): void {
    const { dtype, shape } = typeOf(this.#graph, id);
    this.#writer.node('Identity', [this.#names.get(id)!], [name]);
    this.#writer.output(name, dtype, shape.map(portDim));
  }

  #writeNodes(nodes: readonly Node[]): void {
    const unsupported: UnsupportedNode[] = [];
    for (const node of nodes) {
      try {
        this.#writeNode(node);
      } catch (thrown) {
        if (!(thrown instanceof ExportRefusal)) throw thrown;
        const { kind: operator, label } = node;
        unsupported.push({ operator, node: label, opset: OPSET, reason: thrown.message });
        this.#bind(node.output, 'missing'); // nothing is written in the end
      }
    }
    if (unsupported.length > 0) throw new UnsupportedOpError(this.#name, unsupported);
  }

  #writeNode(node: Node): void {
    const rule = exportRules[node.kind] as ExportRule<OpKind>;
    this.#context.beginNode(node.label);
    const inputs = mapInputs<OpKind, Named>(node.inputs, (id) => ({
      name: this.#names.get(id)!,
      type: typeOf(this.#graph, id),
    }));
    const type = typeOf(this.#graph, node.output);
    this.#bind(node.output, rule({ inputs, attrs: node.attrs, type }, this.#context));
  }

  #bind(id: ValueId, name: string): void {
    this.#names.set(id, name);
    this.#context.noteSymbols(name, typeOf(this.#graph, id).shape);
  }
}
