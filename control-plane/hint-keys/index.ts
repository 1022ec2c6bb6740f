/** The keys that planes sign node hints with: made, changed and handed out here. */
export { HintKeyRotation, firstHintKey } from './hint-key-rotation';
