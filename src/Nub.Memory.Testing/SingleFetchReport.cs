using System.Globalization;

namespace Nub.Memory.Testing;

/// <summary>What a proof has seen, so that a parser that read less than it should does not pass unnoticed.</summary>
public sealed class SingleFetchReport
{
    internal SingleFetchReport(int reads, int bytesRead, int bytesReadAgain, int runs, string outcome)
    {
        Reads = reads;
        BytesRead = bytesRead;
        BytesReadAgain = bytesReadAgain;
        Runs = runs;
        Outcome = outcome;
    }

    /// <summary>How many reads the parser made of the honest content.</summary>
    public int Reads { get; }

    /// <summary>How many different bytes it read.</summary>
    public int BytesRead { get; }

    /// <summary>How many of them it read more than once. Of an error-free proof, nothing came of that.</summary>
    public int BytesReadAgain { get; }

    /// <summary>How often the parser was run.</summary>
    public int Runs { get; }

    /// <summary>What the parser did with the honest content, in words: what it returned or threw.</summary>
    public string Outcome { get; }

    /// <summary>For a test's output.</summary>
    /// <returns>Such as <c>3 reads of 12 bytes, none of them read again; 3 runs.</c></returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Count(Reads, "read")} of {Count(BytesRead, "byte")}, {(BytesReadAgain == 0 ? "none" : $"{BytesReadAgain}")} of them read again; {Count(Runs, "run")}.");

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : string.Create(CultureInfo.InvariantCulture, $"{count} {what}s");
}
