module holdfast/readings

go 1.18
