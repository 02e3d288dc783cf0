import Orders

OrderStatus.run()
