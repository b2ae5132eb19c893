/** Name of the exception that an AWS client threw, or an empty text. */
export function exceptionOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name.replace(/^.*#/, "") : "";
}
