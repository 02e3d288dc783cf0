import Simulation
import Testing

@Suite struct SeededGeneratorTests {
    @Test("One seed gives one sequence, on every machine")
    func repeats() {
        var generator = SeededGenerator(seed: 1)
        #expect([generator.next(), generator.next()] == [10_451_216_379_200_822_465, 13_757_245_211_066_428_519])
    }
}
