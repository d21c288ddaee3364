import '@fontsource-variable/inter/wght.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import './styles/shell.css';
import './styles/search.css';
import './styles/event.css';
import './styles/views.css';
import './styles/print.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { applyTheme, readTheme } from './shell/theme.ts';

applyTheme(readTheme());
const page = document.getElementById('page');
if (page !== null) render(<App />, page);
