import { Graphviz } from "@hpcc-js/wasm-graphviz";
import type { Picture } from "./picture.ts";

const colours: Readonly<Record<string, string>> = {
  edge: "#dbe7f6",
  authorizer: "#dbe7f6",
  api: "#e3f1df",
  sagas: "#fbe6d4",
  tasks: "#fdf3e7",
  consumers: "#f1e8f7",
  events: "#f8e1e7",
  data: "#e4e4f4",
  files: "#e4e4f4",
  analytics: "#e0f2f1",
  cluster: "#fbe6d4",
  recovery: "#eeeeee",
};

/** The picture as SVG, laid out by Graphviz: the same for the same picture. */
export async function draw({ nodes, arrows }: Picture, title: string): Promise<string> {
  const graphviz = await Graphviz.load();
  const groups = Map.groupBy(nodes, ({ group }) => group);
  const clusters = [...groups].map(([group, members]) => {
    const colour = colours[group] ?? "#f4f4f4";
    const lines = members.map(
      ({ id, label, shape }) => `    ${quoted(id)} [label=${quoted(label)} shape=${shape}]`,
    );
    return `  subgraph ${quoted(`cluster_${group}`)} {
    label=${quoted(group)}; style="rounded,filled"; color="${colour}"; fontsize=16;
${lines.join("\n")}
  }`;
  });
  const edges = arrows.map(
    ({ from, to, isForFailures }) =>
      `  ${quoted(from)} -> ${quoted(to)}${isForFailures ? ' [style=dashed color="#b03030"]' : ""}`,
  );
  const dot = `digraph {
  label=${quoted(title)}; labelloc=t; fontname="Helvetica"; fontsize=22; rankdir=LR; ranksep=1.2; nodesep=0.12;
  node [fontname="Helvetica" fontsize=12 style=filled fillcolor=white color="#777777" height=0.3];
  edge [color="#88888899" arrowsize=0.6];
${clusters.join("\n")}
${edges.join("\n")}
}`;
  return graphviz.dot(dot, "svg");
}

const quoted = (text: string): string => JSON.stringify(text);
