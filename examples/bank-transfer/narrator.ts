type Colour = 'bold' | 'dim' | 'red' | 'green';

const codes: Readonly<Record<Colour, string>> = { bold: '1', dim: '2', red: '31', green: '32' };

/** Tells the story on the terminal, a line at a time; in colours only where a person is looking. */
export class Narrator {
  readonly #isColourful = process.stdout.isTTY === true && (process.env['NO_COLOR'] ?? '') === '';
  #chapters = 0;

  chapter(title: string): void {
    this.#chapters += 1;
    console.log(`\n${this.#paint('bold', `${this.#chapters}  ${title}`)}`);
  }

  say(text: string): void {
    console.log(`   ${text}`);
  }

  /** Something dies. */
  blow(text: string): void {
    console.log(`   ${this.#paint('red', text)}`);
  }

  /** Something was checked, and holds. */
  good(text: string): void {
    console.log(`   ${this.#paint('green', text)}`);
  }

  aside(text: string): void {
    console.log(`   ${this.#paint('dim', text)}`);
  }

  end(text: string): void {
    console.log(`\n${this.#paint('bold', text)}`);
  }

  #paint(colour: Colour, text: string): string {
    return this.#isColourful ? `\x1b[${codes[colour]}m${text}\x1b[0m` : text;
  }
}

export function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(2)} s`;
}
