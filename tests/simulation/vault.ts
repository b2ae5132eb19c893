import type { Card } from "#core/acquiring/port.ts";
import type { CardToken, CardTokenId } from "#core/cards/token.ts";
import { derivedCardTokenId } from "#core/cards/token.ts";
import type { Book } from "#core/ledger/account.ts";
import { Process } from "./process.ts";
import type { World } from "./world.ts";

/** Where the cards of a history are kept: it stands where the card reader and the card directory stand. */
export class Vault {
  readonly #world: World;
  readonly #cards = new Map<string, string>();

  constructor(world: World) {
    this.#world = world;
  }

  /** @returns the token under which a merchant keeps this card. */
  keep(book: Book, number: string): CardTokenId {
    const token = derivedCardTokenId(book, number);
    this.#cards.set(`${book} ${token}`, number);
    return token;
  }

  reveal(book: Book, token: string): Promise<Card | undefined> {
    return this.#asked(() => {
      const number = this.#cards.get(`${book} ${token}`);
      return number === undefined ? undefined : { number, expMonth: 12, expYear: 2040 };
    });
  }

  describe(book: Book, token: string): Promise<CardToken | undefined> {
    return this.#asked(() => {
      const number = this.#cards.get(`${book} ${token}`);
      if (number === undefined) return undefined;
      return {
        id: token as CardTokenId,
        brand: "visa",
        bin: number.slice(0, 6),
        last4: number.slice(-4),
        expMonth: 12,
        expYear: 2040,
        fingerprint: "fp",
        createdAt: 0,
      };
    });
  }

  #asked<T>(answer: () => T): Promise<T> {
    const process = Process.current();
    return process.call("vault", async () => {
      await this.#world.scheduler.sleep(this.#world.delays.between(0, 5));
      if (process.strikes("vault_down")) throw new Error("the vault does not answer");
      return answer();
    });
  }
}
