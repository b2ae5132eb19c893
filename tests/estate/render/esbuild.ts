/** What became of one entry point. */
export interface Bundled {
  readonly exports: readonly string[];
  /** Files that are in it, and how much of each. */
  readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>;
}

/** The part of esbuild's API that the renderer uses. esbuild itself comes with SST's platform, without types for us. */
export interface Esbuild {
  build(options: Readonly<Record<string, unknown>>): Promise<{
    readonly metafile?: {
      readonly outputs: Readonly<Record<string, Bundled>>;
    };
  }>;
}

export interface EsbuildPlugin {
  readonly name: string;
  setup(build: {
    onLoad(
      options: { readonly filter: RegExp },
      load: (args: { readonly path: string }) => { contents: string; loader: string } | undefined,
    ): void;
  }): void;
}

interface EsbuildFailure {
  readonly errors: readonly {
    readonly text: string;
    readonly location: { readonly file: string; readonly line: number } | null;
  }[];
}

/** SST puts this before every bundle, for CommonJS packages that expect `require` in an ES module. */
export const nodeRequireBanner = [
  `import { createRequire as topLevelCreateRequire } from "module";`,
  `import { fileURLToPath as topLevelFileUrlToPath, URL as topLevelURL } from "url";`,
  "const require = topLevelCreateRequire(import.meta.url);",
  "const __filename = topLevelFileUrlToPath(import.meta.url);",
  `const __dirname = topLevelFileUrlToPath(new topLevelURL(".", import.meta.url));`,
].join("");

/** The messages of a failed build, each with its place. */
export function buildErrors(error: unknown): string[] {
  const { errors } = error as Partial<EsbuildFailure>;
  if (errors === undefined) return [String(error)];
  return errors.map(({ text, location }) => (location ? `${location.file}:${location.line}: ${text}` : text));
}
