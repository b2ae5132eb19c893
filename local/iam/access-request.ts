/**
 * The values of a condition key in one request, or undefined when the request has none. Asked only for the keys that
 * a policy names, so that what no policy reads is never worked out.
 */
export type ConditionContext = (key: string) => readonly string[] | undefined;

/** One action on one resource, as IAM is asked about it. One API call can be several. */
export interface AccessRequest {
  /** `dynamodb:PutItem` */
  readonly action: string;
  readonly resource: string;
  readonly context: ConditionContext;
  /** Of a batch whose parts are answered one by one: which one this is about. */
  readonly part?: string;
  /** Set when a service asks in its caller's name: DynamoDB for the key of a table. */
  readonly via?: string;
}
