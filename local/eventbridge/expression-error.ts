/** A schedule that EventBridge would refuse. */
export class InvalidExpression extends Error {
  override readonly name = "InvalidExpression";
}
