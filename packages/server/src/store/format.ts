/**
 * What this program knows of how things are stored, in tables and in rows (decision 0034). A version of Holdfast that
 * changes any of it raises this by one, and adds a migration to each store on a server, be it an empty one.
 */
export const storedFormat = 1;
