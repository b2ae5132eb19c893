import { SaxesParser, type SaxesTagNS } from "saxes";

/** An element of a document, as far as it is kept. */
export interface Element {
  /** Its local name; of another namespace than the document's, `{namespace}name`. */
  readonly name: string;
  /** Of amounts: the attribute `Ccy`. */
  readonly currency: string | undefined;
  /** Its own, without its children's; without blanks around it. */
  text: string;
  readonly children: Element[];
}

/** Why a document is refused, as a whole from here on. */
export class DocumentRefused extends Error {
  override readonly name = "DocumentRefused";
}

export interface ElementWatcher {
  /** @param depth of the document element 1. @throws DocumentRefused for an element that cannot be there */
  opened(element: Element, depth: number, namespace: string): void;
  /** @returns whether its parent keeps it. */
  closed(element: Element, depth: number): boolean;
}

/** Elements within each other. ISO 20022 needs half as many. */
const depthMax = 32;
/** Characters of one tag, or of one text, with the comments and instructions before it. */
const tokenMax = 65_536;
/** Characters that open elements and what they keep may come to, with a fixed price for each element. */
const keptMax = 1_048_576;
const elementPrice = 64;
/** Characters given to the parser at once: it gathers as many beyond a limit before that is seen. */
const sliceMax = 16_384;
/** XML knows neither NUL nor a character that got lost on the way. Both show that the text is none of UTF-8. */
const noText = /[\0\ufffd]/;

interface Open {
  readonly element: Element;
  readonly keptBefore: number;
}

/**
 * Elements of an XML document as it comes, strictly, in bounded memory. A DOCTYPE refuses the document: so there are no
 * entities but XML's five, nothing is fetched, and nothing grows when it is read. Namespaces are resolved.
 */
export class ElementReader {
  readonly #parser = new SaxesParser({ xmlns: true });
  readonly #watcher: ElementWatcher;
  readonly #open: Open[] = [];
  #namespace = "";
  /** Characters given to the parser. */
  #written = 0;
  #tokenStart = 0;
  /** The last tag closed the element that is open last. */
  #isClosing = false;
  #kept = 0;

  constructor(watcher: ElementWatcher) {
    this.#watcher = watcher;
    const parser = this.#parser;
    // No more than six handlers: with seven V8 takes the parser for a dictionary, and it is three times as slow.
    parser.on("error", ({ message }) => {
      // An error at the end tag itself: it is another element's, and has closed nothing.
      if (this.#parser.position !== this.#tokenStart) this.#settle();
      throw new DocumentRefused(`the file is no well-formed XML, at line:column ${message}`);
    });
    parser.on("doctype", () => {
      throw new DocumentRefused("the file has a DOCTYPE, which nothing here reads");
    });
    parser.on("opentag", (tag) => this.#opened(tag));
    parser.on("closetag", () => {
      this.#token();
      this.#isClosing = true;
    });
    parser.on("text", (text) => this.#text(text));
    parser.on("cdata", (text) => this.#text(text));
  }

  /** The elements that are open, from the document's own. */
  get open(): readonly Element[] {
    return this.#open.map(({ element }) => element);
  }

  /** @throws DocumentRefused, behind all that was well before it */
  write(text: string): void {
    const bad = text.search(noText);
    const good = bad === -1 ? text : text.slice(0, bad);
    for (let at = 0; at < good.length; at += sliceMax) {
      const slice = good.slice(at, at + sliceMax);
      this.#parser.write(slice);
      this.#settle();
      // The parser's own position is right within its events alone.
      this.#written += slice.length;
      this.#limitToken(this.#written);
    }
    if (bad !== -1) throw new DocumentRefused("the file is not UTF-8");
  }

  /** @throws DocumentRefused when the document is not whole */
  end(): void {
    try {
      this.#parser.close();
    } catch (error) {
      throw error instanceof DocumentRefused
        ? new DocumentRefused(
            "the file ends before the document does: it was cut off, or something in it never ends",
          )
        : error;
    }
  }

  #opened({ local, uri, attributes }: SaxesTagNS): void {
    this.#token();
    if (this.#open.length === 0) this.#openedDocument(uri);
    const name = uri === this.#namespace ? local : `{${uri}}${local}`;
    const element: Element = { name, currency: attributes["Ccy"]?.value, text: "", children: [] };
    this.#open.push({ element, keptBefore: this.#kept });
    if (this.#open.length > depthMax)
      throw new DocumentRefused(`more than ${depthMax} elements are within each other`);
    this.#keep(elementPrice + name.length + (element.currency?.length ?? 0));
    this.#watcher.opened(element, this.#open.length, uri);
  }

  #openedDocument(namespace: string): void {
    this.#namespace = namespace;
    const { encoding = "UTF-8" } = this.#parser.xmlDecl;
    if (encoding.toUpperCase() !== "UTF-8")
      throw new DocumentRefused(
        `the file says that it is ${encoding.slice(0, 40)}, and is read as UTF-8 alone`,
      );
  }

  /**
   * Closes what an end tag closed. The parser tells that an element is closed before it looks whose tag that was: so it
   * counts with what comes next.
   */
  #settle(): void {
    if (!this.#isClosing) return;
    this.#isClosing = false;
    const closed = this.#open.at(-1);
    if (closed === undefined) return;
    const { element, keptBefore } = closed;
    element.text = element.text.trim();
    const isKept = this.#watcher.closed(element, this.#open.length);
    this.#open.pop();
    if (isKept) this.#open.at(-1)?.element.children.push(element);
    else this.#kept = keptBefore;
  }

  #text(text: string): void {
    this.#token();
    const element = this.#open.at(-1)?.element;
    if (element === undefined) return;
    const isBlank = element.text === "" && text.trim() === "";
    if (isBlank) return;
    this.#keep(text.length);
    element.text += text;
  }

  #keep(characters: number): void {
    this.#kept += characters;
    if (this.#kept > keptMax)
      throw new DocumentRefused(`an entry, or what precedes all, is longer than ${keptMax}`);
  }

  #token(): void {
    this.#settle();
    const { position } = this.#parser;
    this.#limitToken(position);
    this.#tokenStart = position;
  }

  #limitToken(position: number): void {
    if (position - this.#tokenStart > tokenMax)
      throw new DocumentRefused(`a text or a tag is longer than ${tokenMax} characters`);
  }
}

/** The element at this path below another: the first of each name. */
export function below(element: Element | undefined, ...path: readonly string[]): Element | undefined {
  let at = element;
  for (const name of path) at = at?.children.find((child) => child.name === name);
  return at;
}

/** Its text; empty where there is no such element. */
export const textBelow = (element: Element | undefined, ...path: readonly string[]): string =>
  below(element, ...path)?.text ?? "";

export const allBelow = (element: Element | undefined, name: string): readonly Element[] =>
  element?.children.filter((child) => child.name === name) ?? [];

/** What is kept of an element, for a person to read: its tags, without blanks between them. */
export function shownElement({ name, currency, text, children }: Element): string {
  const attribute = currency === undefined ? "" : ` Ccy="${currency}"`;
  return `<${name}${attribute}>${text}${children.map(shownElement).join("")}</${name}>`;
}
