/** What the local cloud and the thread of an environment say to each other. Payloads cross as JSON text, as on AWS. */

/** What a thread is started with. */
export interface BootstrapData {
  /** Directory that the handler's path is relative to. Absolute. */
  readonly taskRoot: string;
  readonly handler: string;
  /** Where Node keeps compiled code between starts, if anywhere. Absolute. */
  readonly compileCacheDirectory: string | undefined;
}

export interface InvokeMessage {
  readonly requestId: string;
  readonly payload: string;
  /** Epoch milliseconds at which the environment is killed. */
  readonly deadlineMs: number;
  readonly invokedFunctionArn: string;
  readonly traceHeader: string;
}

export type EnvironmentMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "init_failed"; readonly payload: string }
  | { readonly kind: "answered"; readonly requestId: string; readonly payload: string }
  | { readonly kind: "failed"; readonly requestId: string; readonly payload: string }
  /** An error that nobody caught: the thread ends behind this message. */
  | { readonly kind: "crashed"; readonly payload: string }
  | { readonly kind: "logged"; readonly requestId: string | undefined; readonly line: string };
