/** The page's token: handed over in the URL's fragment, which never leaves the browser. */

const storageKey = 'onramp.token';

/**
 * The token of `#token=…` (which is taken out of the address bar and the history) or else the one
 * of this tab; null when there is none.
 */
export function takeToken(window: Window): string | null {
  const fragment = new URLSearchParams(window.location.hash.slice(1));
  const given = fragment.get('token')?.trim();
  if (fragment.has('token')) {
    fragment.delete('token');
    const rest = fragment.toString();
    const { pathname, search } = window.location;
    window.history.replaceState(null, '', pathname + search + (rest ? `#${rest}` : ''));
  }
  if (given) keepToken(window, given);
  return given || window.sessionStorage.getItem(storageKey);
}

/** Keeps the token until the tab is closed. */
export function keepToken(window: Window, token: string): void {
  window.sessionStorage.setItem(storageKey, token);
}

export function forgetToken(window: Window): void {
  window.sessionStorage.removeItem(storageKey);
}
