/** What commands print: tables for people, JSON for programs, always on standard output. */
export { printJson, printJsonLine, printText, repaint } from './print';
export { ago, count, quantity } from './quantity';
export { table } from './table';
