import Orders

Program.run(TokenRefresh.Settings.init) { settings, account, http, log in
    TokenRefresh(settings, account, http, log).handle
}
