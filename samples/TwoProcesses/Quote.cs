using Nub.Memory;

namespace TwoProcesses;

/// <summary>What is exchanged: 16 bytes, every bit pattern of which is legal.</summary>
[AllValid]
public partial struct Quote
{
    public ulong Number;
    public double Price;

    public static Quote Of(ulong number) => new() { Number = number, Price = number * 0.5 };
}
