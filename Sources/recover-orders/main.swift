import Orders

Recovery.run()
