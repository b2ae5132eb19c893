/** A node of jsonata's syntax tree. Its typings leave out most members, so each use names what it reads. */
export interface AstNode {
  readonly type: string;
  readonly value?: unknown;
  readonly steps?: readonly AstNode[];
  readonly arguments?: readonly AstNode[];
  readonly procedure?: AstNode;
  readonly expressions?: readonly AstNode[];
  readonly expression?: AstNode;
  readonly condition?: AstNode;
  readonly then?: AstNode;
  readonly else?: AstNode;
  /** An operand, or the key and value pairs of an object constructor. */
  readonly lhs?: AstNode | readonly (readonly AstNode[])[];
  readonly rhs?: AstNode;
  readonly body?: AstNode;
  readonly pattern?: AstNode;
  readonly update?: AstNode;
  readonly delete?: AstNode;
  readonly terms?: readonly { readonly expression: AstNode }[];
  readonly predicate?: readonly { readonly expr?: AstNode }[];
  readonly stages?: readonly { readonly expr?: AstNode }[];
  readonly group?: { readonly lhs: readonly (readonly AstNode[])[] };
}

/** Whether `node` has no other members than these: whatever else jsonata may hang on a node changes its meaning. */
export function hasOnly(node: AstNode, ...members: readonly string[]): boolean {
  return Object.keys(node).every((key) => key === "type" || key === "position" || members.includes(key));
}
