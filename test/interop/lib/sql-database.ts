/** A private database that speaks SQL, with the tables of the barrier and of the bank. */
export interface SqlDatabase {
  readonly port: number;
  /** Runs statements, and answers the rows of all of them as text. @throws Error with what the server says */
  sql(statements: string): Promise<string[][]>;
  /** The names of the XA branches that are prepared and not ended. */
  preparedXa(): Promise<string[]>;
  stop(): Promise<void>;
}
