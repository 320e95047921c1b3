namespace Nub.Memory;

/// <summary>What an atomic does with the integer that it finds.</summary>
internal enum AtomicOperation
{
    /// <summary>Replaces it if it has an expected value; gives what was there.</summary>
    CompareExchange,

    /// <summary>Replaces it; gives what was there.</summary>
    Exchange,

    /// <summary>Adds to it, wrapping on overflow; gives the sum.</summary>
    Add,

    /// <summary>Clears the bits that the operand lacks; gives what was there.</summary>
    And,

    /// <summary>Sets the bits that the operand has; gives what was there.</summary>
    Or,
}
