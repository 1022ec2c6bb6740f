/** Targets as rules of the configuration change them. */
export { UrlRewriter, type RewriteRule, type Rewritten } from './url-rewriter';
