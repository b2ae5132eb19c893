import { execFileSync } from "node:child_process";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { readSettlementFile } from "#adapters/settlement-files/settlement-file.ts";
import { invariant } from "#core/kernel/invariant.ts";
import { camtOf, capture, csvOf, statementOf } from "#tests/support/settlement-files.ts";

/**
 * How fast settlement files are read, and in how much memory. Files are made as they are read, from what the sandbox
 * writes: what that takes alone is measured first and taken off. Each format has a process of its own, so that its memory
 * is its own. `node bench/settlement-files.ts [lines]`.
 */
const formats = ["csv", "quoted.csv", "camt053.xml"] as const;
type Format = (typeof formats)[number];

const lines = Number(process.argv[2] ?? 1_000_000);
const linesPerChunk = 300;

/** What comes before the lines, a line, and what comes behind them; of a statement without balances, which would be wrong. */
function partsOf(format: Format): readonly [string, string, string] {
  const statement = statementOf({ ...capture, cost: 0 });
  if (format === "camt053.xml") {
    const xml = camtOf(statement, "EUR").replaceAll(/<Bal>.*?<\/Bal>/gs, "");
    const [start, end] = [xml.indexOf("<Ntry>"), xml.lastIndexOf("</Ntry>") + "</Ntry>".length];
    return [xml.slice(0, start), `${xml.slice(start, end)}\n`, xml.slice(end)];
  }
  const [header = "", line = ""] = csvOf(statement).split("\r\n");
  return [`${header}\r\n`, `${format === "csv" ? line : line.replaceAll(/[^,]+/g, '"$&"')}\r\n`, ""];
}

async function* fileOf(format: Format): AsyncGenerator<Uint8Array> {
  const [start, line, end] = partsOf(format);
  const encoder = new TextEncoder();
  yield encoder.encode(start);
  for (let n = 0; n < lines; n += linesPerChunk) {
    let chunk = "";
    // Each reference is its own, as in a file of an acquirer.
    for (let at = n; at < Math.min(lines, n + linesPerChunk); at += 1)
      chunk += line.replaceAll("alpha_1", `alpha_${at}`);
    yield encoder.encode(chunk);
  }
  yield encoder.encode(end);
}

async function measure(format: Format): Promise<void> {
  let bytes = 0;
  const cpuMs = (): number => (process.cpuUsage().user + process.cpuUsage().system) / 1_000;
  const made = cpuMs();
  for await (const chunk of fileOf(format)) bytes += chunk.length;
  const makingMs = cpuMs() - made;
  const begun = cpuMs();
  let [read, net] = [0, 0n];
  for await (const one of readSettlementFile(fileOf(format), `alpha.${format}`)) {
    invariant(one.ok, "the file has no flaw");
    read += 1;
    net += one.line.gross - one.line.cost;
  }
  const ms = cpuMs() - begun - makingMs;
  invariant(read === lines && net === BigInt(lines) * BigInt(capture.amount), "all lines were read");
  const peak = process.resourceUsage().maxRSS / 1024;
  console.log(
    `${format}: ${lines} lines, ${(bytes / 1e6).toFixed(0)} MB, in ${(ms / 1000).toFixed(1)} s of CPU: ` +
      `${Math.round((lines / ms) * 1000)} lines/s, ${(bytes / ms / 1000).toFixed(0)} MB/s, peak RSS ${peak.toFixed(0)} MiB`,
  );
}

const format = formats.find((name) => name === process.argv[3]);
if (format !== undefined) await measure(format);
else {
  console.log(`${cpus().length} × ${cpus()[0]?.model ?? "?"}, load ${loadavg()[0]?.toFixed(1)}`);
  for (const each of formats)
    execFileSync(process.execPath, [fileURLToPath(import.meta.url), `${lines}`, each], { stdio: "inherit" });
}
