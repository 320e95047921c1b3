using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0010 and NUB0011 in functions that are handed to what calls them, or may: what they have from around them is the guest's there as well.</summary>
public sealed class HandedFunctionTests
{
    [Theory]
    [InlineData("uint n = host.Read<uint>(0); Task.Run(() => new byte[{|NUB0011:n|}]);")]
    [InlineData("uint n = host.Read<uint>(0); Task.Run(async () => { await Task.Yield(); return new byte[{|NUB0011:n|}]; });")]
    [InlineData("uint n = host.Read<uint>(0); host.WithExclusivity(e => e.CopyFrom(0, new byte[{|NUB0011:n|}]));")]
    [InlineData("uint n = host.Read<uint>(0); texts.ForEach(_ => Console.Write(new byte[{|NUB0011:n|}]));")]
    [InlineData("uint n = host.Read<uint>(0); texts.ForEach(_ => texts.ForEach(_ => Console.Write(new byte[{|NUB0011:n|}])));")]
    [InlineData("uint n = host.Read<uint>(0); Func<byte[]> make = () => new byte[{|NUB0011:n|}]; Task.Run(make);")]
    [InlineData("uint n = host.Read<uint>(0); Task.Run({|NUB0011:Make|}); byte[] Make() => new byte[n];")]
    [InlineData("uint n = host.Read<uint>(0); work.Add(() => new byte[{|NUB0011:n|}]);")]
    [InlineData("uint n = host.Read<uint>(0); new Thread(() => Console.Write(new byte[{|NUB0011:n|}])).Start();")]
    [InlineData("uint n = host.Read<uint>(0); var later = new Lazy<byte[]>(() => new byte[{|NUB0011:n|}]); Console.Write(later.Value);")]
    [InlineData("uint n = host.Read<uint>(0); using var timer = new Timer(_ => Console.Write(new byte[{|NUB0011:n|}]));")]
    [InlineData("uint n = host.Read<uint>(0); work.Later = new Later(() => new byte[{|NUB0011:n|}]);")]
    [InlineData("uint n = host.Read<uint>(0); work.Kept = new Kept(() => new byte[{|NUB0011:n|}]);")]
    [InlineData("_kept = host.Read<uint>(0); Task.Run(() => new byte[{|NUB0011:_kept|}]);")]
    public async Task A_number_that_a_function_has_from_around_it_is_the_guests(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("uint n = host.Read<uint>(0); if (n > 64) { return; } Task.Run(() => new byte[n]);")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 64) { return; } new Thread(() => Console.Write(new byte[n])).Start();")]
    [InlineData("uint n = host.Read<uint>(0); var later = new Lazy<byte[]>(() => n > 64 ? [] : new byte[n]); Console.Write(later.Value);")]
    [InlineData("uint n = host.Read<uint>(0); Task.Run(() => n > 64 ? [] : new byte[n]);")]
    [InlineData("uint n = host.Read<uint>(0); texts.ForEach(_ => { if (n > 64) { throw new InvalidOperationException(); } Console.Write(new byte[n]); });")]
    [InlineData("uint n = host.Read<uint>(0); Task.Run(() => { uint least = Math.Min(n, 64); return new byte[least]; });")]
    [InlineData("uint n = 4; Task.Run(() => new byte[n]); n = host.Read<uint>(0); if (n > 64) { return; } Console.Write(new byte[n]);")]
    [InlineData("uint n = host.Read<uint>(0); texts.ForEach(_ => throw new InvalidOperationException(n.ToString())); if (n > 64) { return; } Console.Write(new byte[n]);")]
    public async Task What_was_checked_around_a_function_or_in_it_is_not_reported(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("uint n = host.Read<uint>(0); if (n > 64) { return; } texts.ForEach(_ => Console.Write({|NUB0010:host.Read<uint>(0)|}));")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 64) { return; } host.WithExclusivity(e => { uint again = {|NUB0010:host.Read<uint>(0)|}; Console.Write(again + e.Size); });")]
    public async Task What_a_function_reads_again_where_it_is_called_at_once_is_a_second_read(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("uint n = host.Read<uint>(0); if (n > 64) { return; } Task.Run(() => { uint later = host.Read<uint>(0); return later > 64 ? [] : new byte[later]; });")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 64) { return; } new Thread(() => Console.Write(host.Read<uint>(0) + n)).Start();")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 64) { return; } texts.ForEach(_ => Console.Write(host.Read<uint>(4)));")]
    public async Task What_it_reads_later_or_elsewhere_is_none(string body) => await CheckAsync(body);

    private static async Task CheckAsync(string body) => await Markup.CheckAsync($$"""
        using System.Threading;
        using System.Threading.Tasks;

        public sealed class Later(Func<byte[]> make) { public byte[] Made => make(); }
        public sealed record Kept(Func<byte[]> Make);
        public sealed class Work { public Later? Later { get; set; } public Kept? Kept { get; set; } private readonly List<Func<byte[]>> _all = []; public void Add(Func<byte[]> one) => _all.Add(one); }

        public sealed class Test
        {
            private uint _kept;
            public uint Kept => _kept;
            public void Run(HostSharedMemory host, List<string> texts, Work work) { {{body}} }
        }
        """);
}
