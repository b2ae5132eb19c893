/**
 * Entry of a thread that is one Lambda environment: it plays Lambda's Node.js 24 runtime. Loads the handler, then
 * runs one invocation at a time. Nothing but this file's imports runs in the thread before the handler's own module.
 */
import { existsSync } from "node:fs";
import { enableCompileCache, flushCompileCache } from "node:module";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import { thrownPayload } from "./function-error.ts";
import type { BootstrapData, EnvironmentMessage, InvokeMessage } from "./messages.ts";

type Handler = (event: unknown, context: unknown) => unknown;
type OutputStream = Pick<NodeJS.WriteStream, "write">;

const moduleExtensions = [".ts", ".mts", ".mjs", ".js"];
/** Lambda's runtime leaves with these codes after it reported the error that nobody caught. */
const exitCodes = { unhandledRejection: 128, uncaughtException: 129 };

/** The environment is broken or mistaken, in a way that Lambda's runtime has a name for. */
class RuntimeError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = `Runtime.${name}`;
  }
}

const port = parentPort;
if (port === null) throw new Error("bootstrap.ts is the entry of a worker thread");
const data = workerData as BootstrapData;
let currentRequestId: string | undefined;

function send(message: EnvironmentMessage): void {
  port?.postMessage(message);
}

/**
 * Both console.* and libraries that write to the stream themselves (Powertools) end here.
 * @returns a function that sends the last line although nothing ended it yet.
 */
function captureLines(stream: OutputStream): () => void {
  let rest = "";
  const log = (line: string) => send({ kind: "logged", requestId: currentRequestId, line });
  stream.write = (
    chunk: string | Uint8Array,
    encodingOrDone?: BufferEncoding | ((thrown?: Error | null) => void),
    done?: (thrown?: Error | null) => void,
  ): boolean => {
    const text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8");
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) log(line);
    const written = typeof encodingOrDone === "function" ? encodingOrDone : done;
    if (written !== undefined) queueMicrotask(() => written());
    return true;
  };
  return () => {
    if (rest !== "") log(rest);
    rest = "";
  };
}

function endOnUncaught(): void {
  const crash = (name: string, thrown: unknown, exitCode: number) => {
    console.error(name, thrown);
    send({ kind: "crashed", payload: thrownPayload(thrown) });
    process.exit(exitCode);
  };
  process.on("uncaughtException", (thrown) =>
    crash("Uncaught Exception", thrown, exitCodes.uncaughtException),
  );
  process.on("unhandledRejection", (reason) => {
    const thrown = new RuntimeError("UnhandledPromiseRejection", String(reason));
    crash("Unhandled Promise Rejection", thrown, exitCodes.unhandledRejection);
  });
}

async function loadHandler(): Promise<Handler> {
  const file = basename(data.handler);
  const dot = file.indexOf(".");
  if (dot < 1 || dot === file.length - 1) throw new RuntimeError("MalformedHandlerName", "Bad handler");
  const base = join(data.taskRoot, dirname(data.handler), file.slice(0, dot));
  const path = moduleExtensions
    .map((extension) => base + extension)
    .find((candidate) => existsSync(candidate));
  if (path === undefined) {
    throw new RuntimeError("ImportModuleError", `Error: Cannot find module '${file.slice(0, dot)}'`);
  }
  const module = await importModule(pathToFileURL(path).href);
  let found: unknown = module;
  for (const key of file.slice(dot + 1).split("."))
    found = (found as Record<string, unknown> | undefined)?.[key];
  if (found === undefined) {
    throw new RuntimeError("HandlerNotFound", `${data.handler} is undefined or not exported`);
  }
  if (typeof found !== "function") {
    throw new RuntimeError("HandlerNotFound", `${data.handler} is not a function`);
  }
  if (found.length > 2) {
    throw new RuntimeError(
      "CallbackHandlerDeprecated",
      "ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later. For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.",
    );
  }
  return found as Handler;
}

async function importModule(url: string): Promise<unknown> {
  try {
    return await import(url);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw new RuntimeError("UserCodeSyntaxError", String(thrown));
    const { code } = thrown as NodeJS.ErrnoException;
    // Of the handler's own imports too: the bundle that would reach AWS lacks the module.
    if (code === "ERR_MODULE_NOT_FOUND") throw new RuntimeError("ImportModuleError", String(thrown));
    throw thrown;
  }
}

function contextOf(message: InvokeMessage): object {
  const { env } = process;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: env["AWS_LAMBDA_FUNCTION_VERSION"],
    functionName: env["AWS_LAMBDA_FUNCTION_NAME"],
    memoryLimitInMB: env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
    logGroupName: env["AWS_LAMBDA_LOG_GROUP_NAME"],
    logStreamName: env["AWS_LAMBDA_LOG_STREAM_NAME"],
    invokedFunctionArn: message.invokedFunctionArn,
    awsRequestId: message.requestId,
    getRemainingTimeInMillis: () => message.deadlineMs - Date.now(),
  };
}

async function invoke(handler: Handler, message: InvokeMessage): Promise<void> {
  const { requestId } = message;
  currentRequestId = requestId;
  process.env["_X_AMZN_TRACE_ID"] = message.traceHeader;
  try {
    const result = await handler(JSON.parse(message.payload), contextOf(message));
    const payload = serialized(result);
    for (const flush of flushes) flush();
    send({ kind: "answered", requestId, payload });
  } catch (thrown) {
    console.error("Invoke Error", thrown);
    for (const flush of flushes) flush();
    send({ kind: "failed", requestId, payload: thrownPayload(thrown) });
  }
}

function serialized(result: unknown): string {
  try {
    return JSON.stringify(result) ?? "null";
  } catch (thrown) {
    throw new Error("Unable to stringify response body", { cause: thrown });
  }
}

if (data.compileCacheDirectory !== undefined) enableCompileCache(data.compileCacheDirectory);
const flushes = [captureLines(process.stdout), captureLines(process.stderr)];
endOnUncaught();
try {
  const handler = await loadHandler();
  port.on("message", (message: InvokeMessage) => void invoke(handler, message));
  send({ kind: "ready" });
  // A killed thread writes nothing: the cache is saved while it is known to be good.
  if (data.compileCacheDirectory !== undefined) setImmediate(flushCompileCache);
} catch (thrown) {
  console.error("Init Error", thrown);
  send({ kind: "init_failed", payload: thrownPayload(thrown) });
}
