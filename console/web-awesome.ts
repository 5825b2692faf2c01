/**
 * The components of Web Awesome that the console uses. Loaded behind the first picture: a menu and a tooltip are
 * nothing that anybody waits for. README.md says which components are not used and why.
 */
import '@awesome.me/webawesome/dist/components/dropdown/dropdown.js';
import '@awesome.me/webawesome/dist/components/dropdown-item/dropdown-item.js';
import '@awesome.me/webawesome/dist/components/tooltip/tooltip.js';
