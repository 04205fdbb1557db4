print("userload")
