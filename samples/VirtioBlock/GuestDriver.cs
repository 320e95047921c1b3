using Iced.Intel;
using Nub.Virtio;
using static Iced.Intel.AssemblerRegisters;

namespace VirtioBlock;

/// <summary>
/// The guest: a driver of a virtio disk, 64-bit code. It sets the device up, writes and reads back sectors, and then turns hostile: each
/// attack breaks one rule of the queue, and is followed by a reset and an honest request. RBX is the device, R14 the next used index, R15
/// the next available one.
/// </summary>
internal sealed class GuestDriver
{
    /// <summary>What word <c>i</c> of a sector is: the driver makes it, the host verifies it.</summary>
    public const ulong SectorFactor = 0x9E37_79B9_7F4A_7C15;

    private const int SectorSize = BlockDevice.SectorSize;
    private const int QueueMask = Descriptor.Count - 1;

    private readonly Assembler _a = new(64);
    private Label _init;
    private Label _build;
    private Label _publish;
    private Label _honest;
    private Label _failed;

    private GuestDriver()
    {
        _init = _a.CreateLabel();
        _build = _a.CreateLabel();
        _publish = _a.CreateLabel();
        _honest = _a.CreateLabel();
        _failed = _a.CreateLabel();
    }

    /// <summary>Assembles the driver.</summary>
    /// <param name="requests">How many sectors it writes and reads back.</param>
    /// <param name="sectors">How many the disk has.</param>
    /// <param name="attacks">What it does when it turns hostile.</param>
    /// <param name="races">How many requests it makes while the second processor changes them.</param>
    public static byte[] Assemble(int requests, int sectors, IReadOnlyList<Attack> attacks, int races)
    {
        var driver = new GuestDriver();
        driver.Main(requests, sectors, attacks, races);
        driver.Subroutines();
        return Bytes(driver._a, GuestMap.Code);
    }

    /// <summary>Assembles the second processor's program: the length of the data's descriptor, back and forth, for ever.</summary>
    public static byte[] AssembleRacer()
    {
        var a = new Assembler(64);
        Label again = a.CreateLabel();
        a.Label(ref again);

        // With a pause after each, or the processor would show both stores at once.
        a.mov(__dword_ptr[GuestMap.Descriptors + 16 + 8], -1);
        a.pause();
        a.mov(__dword_ptr[GuestMap.Descriptors + 16 + 8], SectorSize);
        a.pause();
        a.inc(__qword_ptr[GuestMap.RacerRounds]);
        a.jmp(again);
        return Bytes(a, GuestMap.RacerCode);
    }

    private static byte[] Bytes(Assembler a, ulong address)
    {
        using var stream = new MemoryStream();
        a.Assemble(new StreamCodeWriter(stream), address);
        return stream.ToArray();
    }

    private void Main(int requests, int sectors, IReadOnlyList<Attack> attacks, int races)
    {
        Label next = _a.CreateLabel();
        Label wrapped = _a.CreateLabel();
        _a.mov(rbx, GuestMap.Device);
        _a.call(_init);
        _a.xor(r12d, r12d);
        _a.xor(edx, edx);
        _a.Label(ref next);
        _a.call(_honest);
        _a.inc(edx);
        _a.cmp(edx, sectors);
        _a.jb(wrapped);
        _a.xor(edx, edx);
        _a.Label(ref wrapped);
        _a.inc(r12d);
        _a.cmp(r12d, requests);
        _a.jb(next);
        _a.mov(eax, r12d);
        _a.@out(GuestMap.Port.Verified, eax);

        foreach (Attack attack in attacks)
        {
            Build(Request.Read, 5, GuestMap.Incoming, Descriptor.DeviceWrites);
            attack.Break(_a);
            if (attack.Submits)
            {
                _a.call(_publish);
            }

            _a.mov(eax, __[rbx + 0x70]);
            _a.@out(GuestMap.Port.Attacked, eax);
            _a.call(_init);
            _a.mov(edx, 7);
            _a.call(_honest);
            _a.@out(GuestMap.Port.Alive, eax);
        }

        Race(races);
        _a.hlt();
    }

    /// <summary>Requests that another processor changes while the device looks at them: each is served or refused, and the driver resets
    /// after a refusal.</summary>
    private void Race(int races)
    {
        Label next = _a.CreateLabel();
        Label healthy = _a.CreateLabel();
        _a.xor(r12d, r12d);
        _a.Label(ref next);
        Build(Request.Read, 5, GuestMap.Incoming, Descriptor.DeviceWrites);
        _a.call(_publish);
        _a.mov(eax, __[rbx + 0x70]);
        _a.test(eax, 0x40);
        _a.jz(healthy);
        _a.call(_init);
        _a.Label(ref healthy);
        _a.inc(r12d);
        _a.cmp(r12d, races);
        _a.jb(next);
        _a.mov(eax, r12d);
        _a.@out(GuestMap.Port.Raced, eax);
    }

    private void Build(uint type, ulong sector, ulong buffer, ushort flags)
    {
        _a.mov(eax, type);
        _a.mov(rdx, sector);
        _a.mov(rdi, buffer);
        _a.mov(ecx, flags);
        _a.call(_build);
    }

    private void Subroutines()
    {
        EmitInit();
        EmitBuild();
        EmitPublish();
        EmitHonest();

        // Tells where: the address that the call that failed would have returned to.
        _a.Label(ref _failed);
        _a.pop(rax);
        _a.@out(GuestMap.Port.Failed, eax);
        _a.hlt();
    }

    private void EmitInit()
    {
        _a.Label(ref _init);
        Write(0x70, 0);
        Write(0x70, 1);
        Write(0x70, 3);
        Expect(0x00, 0x7472_6976);
        Expect(0x04, 2);
        Expect(0x08, 2);
        Write(0x14, 1);
        Expect(0x10, 1);
        Write(0x24, 1);
        Write(0x20, 1);
        Write(0x70, 0xB);
        Expect(0x70, 0xB);
        Write(0x30, 0);
        Write(0x38, Descriptor.Count);
        foreach ((int register, ulong address) in (ReadOnlySpan<(int, ulong)>)[(0x80, GuestMap.Descriptors), (0x90, GuestMap.Available), (0xA0, GuestMap.Used)])
        {
            Write(register, (int)address);
            Write(register + 4, 0);
        }

        _a.mov(__dword_ptr[GuestMap.Available], 0);
        _a.mov(__dword_ptr[GuestMap.Used], 0);
        _a.xor(r14d, r14d);
        _a.xor(r15d, r15d);
        Write(0x44, 1);
        Write(0x70, 0xF);
        Expect(0x70, 0xF);
        _a.ret();
    }

    /// <summary>Builds a request: type EAX, sector RDX, one sector of data at RDI, which has the flags ECX.</summary>
    private void EmitBuild()
    {
        _a.Label(ref _build);
        _a.mov(__[GuestMap.Header], eax);
        _a.mov(__dword_ptr[GuestMap.Header + 4], 0);
        _a.mov(__[GuestMap.Header + 8], rdx);
        _a.mov(__byte_ptr[GuestMap.Status], -1);
        EmitDescriptor(0, () => _a.mov(__qword_ptr[GuestMap.Descriptors], (int)GuestMap.Header), Request.HeaderSize, Descriptor.Next, 1);
        EmitDescriptor(1, () => _a.mov(__[GuestMap.Descriptors + 16], rdi), SectorSize, Descriptor.Next, 2);
        _a.or(__[GuestMap.Descriptors + 16 + 12], cx);
        EmitDescriptor(2, () => _a.mov(__qword_ptr[GuestMap.Descriptors + 32], (int)GuestMap.Status), 1, Descriptor.DeviceWrites, 0);
        _a.ret();
    }

    private void EmitDescriptor(ulong index, Action address, int length, ushort flags, ushort next)
    {
        ulong descriptor = GuestMap.Descriptors + 16 * index;
        address();
        _a.mov(__dword_ptr[descriptor + 8], length);
        _a.mov(__word_ptr[descriptor + 12], (short)flags);
        _a.mov(__word_ptr[descriptor + 14], (short)next);
    }

    /// <summary>Makes the chain that begins with descriptor 0 available, and tells the device.</summary>
    private void EmitPublish()
    {
        _a.Label(ref _publish);
        _a.mov(eax, r15d);
        _a.and(eax, QueueMask);
        _a.mov(__word_ptr[rax * 2 + (int)(GuestMap.Available + 4)], 0);
        _a.inc(r15w);
        _a.mov(__[GuestMap.Available + 2], r15w);
        Write(0x50, 0);
        _a.ret();
    }

    /// <summary>Writes sector RDX, reads it back, and compares.</summary>
    private void EmitHonest()
    {
        Label fill = _a.CreateLabel();
        Label compare = _a.CreateLabel();
        _a.Label(ref _honest);
        _a.mov(rax, SectorFactor);
        _a.imul(rax, rdx);
        _a.xor(ecx, ecx);
        _a.Label(ref fill);
        _a.mov(__qword_ptr[rcx * 8 + (int)GuestMap.Outgoing], rax);
        _a.mov(__qword_ptr[rcx * 8 + (int)GuestMap.Incoming], 0);
        _a.inc(rax);
        _a.inc(ecx);
        _a.cmp(ecx, SectorSize / 8);
        _a.jb(fill);

        Submit(Request.Write, GuestMap.Outgoing, 0);
        Submit(Request.Read, GuestMap.Incoming, Descriptor.DeviceWrites);
        _a.xor(ecx, ecx);
        _a.Label(ref compare);
        _a.mov(rax, __[rcx * 8 + (int)GuestMap.Outgoing]);
        _a.cmp(rax, __[rcx * 8 + (int)GuestMap.Incoming]);
        _a.jne(_failed);
        _a.inc(ecx);
        _a.cmp(ecx, SectorSize / 8);
        _a.jb(compare);
        _a.ret();
    }

    private void Submit(uint type, ulong buffer, ushort flags)
    {
        _a.mov(eax, type);
        _a.mov(rdi, buffer);
        _a.mov(ecx, flags);
        _a.call(_build);
        _a.call(_publish);
        _a.inc(r14w);
        _a.cmp(__[GuestMap.Used + 2], r14w);
        _a.jne(_failed);
        _a.cmp(__byte_ptr[GuestMap.Status], 0);
        _a.jne(_failed);
    }

    private void Write(int register, int value) => _a.mov(__dword_ptr[rbx + register], value);

    private void Expect(int register, int value)
    {
        _a.mov(eax, __[rbx + register]);
        _a.cmp(eax, value);
        _a.jne(_failed);
    }
}
